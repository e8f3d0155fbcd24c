// What an event says to a person: {kind, tone, icon, parts}, parts being strings and {path} or {name}.

const file = (icon, verb, event) => ({ icon, tone: event.type === "file.deleted" ? "bad" : "plain", parts: fileParts(verb, event) });

function fileParts(verb, { old_path, path, resource_id }) {
  const here = { path: path ?? resource_id ?? "(no path)" };
  return old_path && old_path !== path ? [`${verb} `, { path: old_path }, " \u2192 ", here] : [`${verb} `, here];
}

const kFiles = {
  created: ["plus", "created"],
  updated: ["pencil", "changed"],
  moved: ["arrow", "moved"],
  renamed: ["arrow", "renamed"],
  deleted: ["trash", "deleted"],
};

const words = (type) => type.slice(type.indexOf(".") + 1).replaceAll(/[._]/g, " ");
const text = (...values) => values.find((value) => typeof value === "string" && value !== "");

function door({ data = {}, resource_id }) {
  const at = data.door ?? data.lock ?? {};
  return { name: text(at, at.name, data.door_name, data.lock_name, at.customer_reference, at.id, resource_id) ?? "(unnamed)" };
}

function person({ data = {}, actor, user_id }) {
  const who = data.person ?? data.user ?? {};
  const full = [data.user_first_name, data.user_last_name].filter(Boolean).join(" ");
  const name = text(who, who.name, data.person_name, data.user_name, full, data.user_alias, actor, user_id);
  return name ? { name } : null;
}

function entry(event) {
  const who = person(event);
  const denied = /denied|refused|rejected/.test(event.type);
  const granted = /granted/.test(event.type);
  const what = denied ? "access denied" : granted ? "access granted" : words(event.type);
  const reason = denied && text(event.data?.reason);
  return {
    icon: denied ? "denied" : "door",
    tone: denied ? "bad" : granted ? "good" : "plain",
    parts: ["Door ", door(event), `: ${what}`, ...(who ? [" to ", who] : []), ...(reason ? [` (${words(reason)})`] : [])],
  };
}

function incident(event) {
  const over = /(^|[._])end_of_|restored/.test(event.type);
  return { icon: "alarm", tone: over ? "good" : "warn", parts: ["Door ", door(event), `: ${words(event.type)}`] };
}

export function describe(event) {
  const { stream, type } = event;
  if (stream === "files") {
    const [icon, verb] = kFiles[type.slice("file.".length)] ?? ["pencil", words(type)];
    return { kind: "files", ...file(icon, verb, event) };
  }
  if (stream === "entries") return { kind: "entries", ...entry(event) };
  if (stream === "incidents") return { kind: "incidents", ...incident(event) };
  const about = text(event.path, event.resource_id);
  return { kind: "other", icon: "dot", tone: "plain", parts: [`${stream}: ${words(type)}`, ...(about ? [" ", { name: about }] : [])] };
}

export const plain = (parts) => parts.map((part) => part.path ?? part.name ?? part).join("");
