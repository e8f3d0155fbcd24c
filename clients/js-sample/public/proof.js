// The proof that nothing was lost, doubled or reordered: one client's book-keeping, from positions alone.
//
// The rule for anyone who follows a log (docs/api.md, section 3): keep `last`, the position up to which
// everything was seen. A batch that ends at or before `last` is dropped; one that starts behind `last + 1` is
// a gap, to be fetched again from the own cursor; any other is applied from `last + 1` on. The ranges of a
// stream include positions that were filtered away, so a hole in them is always a loss.

const kRememberedIds = 20_000;

const isRange = (from, to) => Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && to >= from;

export class Proof {
  #ids = new Set();
  #reached = 0; // last position inside the batch at hand

  // `saved` is what toJSON() gave, or {last} to begin behind a known position, or nothing.
  constructor(saved = {}) {
    this.epoch = saved.epoch ?? null;
    this.last = saved.last ?? null;
    this.promised = saved.promised ?? null; // highest position the server showed us to exist before a gap
    this.events = saved.events ?? 0;
    this.doubled = saved.doubled ?? 0;
    this.outOfOrder = saved.outOfOrder ?? 0;
    this.healed = saved.healed ?? 0;
  }

  get missing() {
    return this.promised === null || this.last === null ? 0 : Math.max(0, this.promised - this.last);
  }

  get ok() {
    return this.missing === 0 && this.doubled === 0 && this.outOfOrder === 0;
  }

  get line() {
    const n = (value) => value.toLocaleString("en-US");
    return `${n(this.events)} event${this.events === 1 ? "" : "s"}, ${n(this.missing)} missing, ` +
      `${n(this.doubled)} doubled, ${n(this.outOfOrder)} out of order`;
  }

  toJSON() {
    const { epoch, last, promised, events, doubled, outOfOrder, healed } = this;
    return { epoch, last, promised, events, doubled, outOfOrder, healed };
  }

  // Returns {verdict, fresh}: "applied" with the events to show, or "dropped", "gap" (subscribe again from the
  // own cursor) or "reset" (the log is another one).
  apply(batch) {
    const { epoch, from, to, items } = batch;
    if (!isRange(from, to) || !Array.isArray(items)) {
      this.outOfOrder += 1;
      return { verdict: "dropped", fresh: [] };
    }
    if (this.epoch !== null && epoch !== this.epoch) return { verdict: "reset", fresh: [] };
    this.epoch = epoch;
    this.last ??= from - 1;
    if (to <= this.last) {
      this.doubled += items.length;
      return { verdict: "dropped", fresh: [] };
    }
    if (from > this.last + 1) {
      this.promised = Math.max(this.promised ?? 0, from - 1);
      return { verdict: "gap", fresh: [] };
    }
    const fresh = items.filter((event) => this.#accept(event, from, to));
    this.#advance(to);
    return { verdict: "applied", fresh };
  }

  // Judges one item against what came before it.
  #accept(event, from, to) {
    const { pos, id } = event;
    if (pos <= this.last || pos === this.#reached || this.#ids.has(id)) {
      this.doubled += 1;
      return false;
    }
    if (!Number.isSafeInteger(pos) || pos < from || pos > to) {
      this.outOfOrder += 1;
      return false;
    }
    if (pos < this.#reached) this.outOfOrder += 1;
    this.#reached = Math.max(pos, this.#reached);
    this.events += 1;
    this.#ids.add(id);
    if (this.#ids.size > kRememberedIds) this.#ids.delete(this.#ids.values().next().value);
    return true;
  }

  #advance(to) {
    const gap = this.missing > 0;
    this.last = to;
    this.#reached = 0;
    if (gap && this.missing === 0) this.healed += 1;
  }
}
