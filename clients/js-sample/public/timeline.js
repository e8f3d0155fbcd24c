// The list of events, newest first and bounded: however much arrives, one frame adds at most kRows rows.
import { describe, plain } from "/sentences.js";

export const kRows = 300;
const kSvg = "http://www.w3.org/2000/svg";

const pad = (value, width) => String(value).padStart(width, "0");
const clock = (date) => `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}`;

function element(name, className, ...children) {
  const node = document.createElement(name);
  node.className = className;
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS(kSvg, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(kSvg, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

// A path may contain anything, text that runs the other way included: bdi keeps it to itself.
function part(value) {
  if (typeof value === "string") return value;
  return value.path === undefined ? element("b", "", value.name) : element("bdi", "path", value.path);
}

// A row is plain data, so that it survives a reload in sessionStorage: {pos, at, kind, tone, icon, parts} or
// {mark} for a cut.
function render(row) {
  if (row.mark) return element("li", "mark", icon("cut"), element("span", "", row.mark));
  const when = new Date(row.at);
  const time = element("time", "", clock(when));
  time.dateTime = row.at;
  time.title = when.toString();
  const li = element("li", `${row.kind} ${row.tone}`,
    element("span", "chip", icon(row.icon)),
    element("span", "what", ...row.parts.map(part)),
    element("span", "meta", time, element("span", "pos", `#${row.pos}`)));
  li.dataset.pos = row.pos;
  li.title = plain(row.parts);
  return li;
}

export class Timeline {
  #rows = []; // oldest first, at most kRows
  #pending = 0; // rows at the end of #rows that are not on the screen yet
  #scheduled = false;

  constructor(list, saved = []) {
    this.list = list;
    this.#push(saved);
  }

  add(events) {
    this.#push(events.slice(-kRows).map((event) => ({ pos: event.pos, at: event.occurred_at ?? event.recorded_at, ...describe(event) })));
  }

  mark(text) {
    this.#push([{ mark: text }]);
  }

  clear() {
    this.#rows = [];
    this.#pending = 0;
    this.list.replaceChildren();
  }

  toJSON() {
    return this.#rows;
  }

  #push(rows) {
    this.#rows.push(...rows);
    this.#rows.splice(0, this.#rows.length - kRows);
    this.#pending = Math.min(kRows, this.#pending + rows.length);
    if (this.#scheduled || rows.length === 0) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#scheduled = false;
    if (this.#pending === 0) return;
    this.list.prepend(...this.#rows.slice(-this.#pending).reverse().map(render));
    this.#pending = 0;
    while (this.list.childElementCount > kRows) this.list.lastElementChild.remove();
  }
}
