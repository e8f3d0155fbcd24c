// The book-keeping behind the proof line, and the comparison behind the REST panel: both have to be able to say no.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Proof } from "../../clients/js-sample/public/proof.js";
import { RestCheck, difference } from "../../clients/js-sample/public/rest_check.js";

const event = (pos, id = `e${pos}`) => ({ pos, id });
const batch = (from, to, positions, epoch = 1) => ({ k: "batch", epoch, from, to, cursor: `c1.${to}`, items: positions.map((p) => event(p)) });
const all = (from, to) => batch(from, to, Array.from({ length: to - from + 1 }, (_, i) => from + i));

function fed(...batches) {
  const proof = new Proof({ last: 0 });
  proof.verdicts = batches.map((each) => proof.apply(each).verdict);
  return proof;
}

test("contiguous batches prove a whole log", () => {
  const proof = fed(all(1, 1), all(2, 60), all(61, 100));
  assert.equal(proof.line, "100 events, 0 missing, 0 doubled, 0 out of order");
  assert.ok(proof.ok);
  assert.equal(proof.last, 100);
});

test("filtered positions inside a range are not missing", () => {
  const proof = fed(batch(1, 10, [3, 7]), batch(11, 20, []), batch(21, 21, [21]));
  assert.equal(proof.line, "3 events, 0 missing, 0 doubled, 0 out of order");
  assert.ok(proof.ok);
});

test("one event is written as one event", () => {
  assert.equal(fed(all(1, 1)).line, "1 event, 0 missing, 0 doubled, 0 out of order");
});

test("a gap turns the proof red, is not applied, and heals only when it was fetched", () => {
  const proof = fed(all(1, 5), all(8, 9));
  assert.deepEqual(proof.verdicts, ["applied", "gap"]);
  assert.equal(proof.line, "5 events, 2 missing, 0 doubled, 0 out of order");
  assert.ok(!proof.ok);
  assert.equal(proof.last, 5);
  proof.apply(all(6, 6));
  assert.equal(proof.missing, 1);
  proof.apply(all(7, 9));
  assert.ok(proof.ok);
  assert.equal(proof.healed, 1);
  assert.equal(proof.events, 9);
});

test("the smallest gap counts and its absence does not", () => {
  assert.equal(fed(all(1, 5), all(6, 6)).missing, 0);
  assert.equal(fed(all(1, 5), all(7, 7)).missing, 1);
});

test("a gap at the very beginning counts", () => {
  assert.equal(fed(all(2, 3)).missing, 1);
});

test("a gap over a reload counts", () => {
  const before = fed(all(1, 5));
  const after = new Proof(JSON.parse(JSON.stringify(before)));
  assert.equal(after.apply(all(7, 8)).verdict, "gap");
  assert.equal(after.line, "5 events, 1 missing, 0 doubled, 0 out of order");
});

test("a batch that came before is dropped and counted", () => {
  const proof = fed(all(1, 5), all(3, 5));
  assert.deepEqual(proof.verdicts, ["applied", "dropped"]);
  assert.equal(proof.line, "5 events, 0 missing, 3 doubled, 0 out of order");
  assert.ok(!proof.ok);
});

test("a batch that overlaps gives its new part and counts the old one", () => {
  const proof = fed(all(1, 5));
  const { verdict, fresh } = proof.apply(all(4, 7));
  assert.equal(verdict, "applied");
  assert.deepEqual(fresh.map((each) => each.pos), [6, 7]);
  assert.equal(proof.line, "7 events, 0 missing, 2 doubled, 0 out of order");
});

test("one id at two positions is doubled", () => {
  const proof = fed(all(1, 2));
  proof.apply({ epoch: 1, from: 3, to: 3, items: [event(3, "e1")] });
  assert.equal(proof.doubled, 1);
});

test("one position twice in a batch is doubled", () => {
  const proof = fed({ epoch: 1, from: 1, to: 2, items: [event(1, "a"), event(1, "b"), event(2, "c")] });
  assert.equal(proof.line, "2 events, 0 missing, 1 doubled, 0 out of order");
});

test("a wrong order inside a batch turns the proof red", () => {
  const proof = fed(batch(1, 3, [1, 3, 2]));
  assert.equal(proof.outOfOrder, 1);
  assert.ok(!proof.ok);
});

test("an event outside the range of its batch turns the proof red", () => {
  assert.equal(fed(batch(1, 3, [1, 4])).outOfOrder, 1);
  assert.equal(fed(batch(1, 3, [1, 3])).outOfOrder, 0);
});

test("a batch without a range is not taken for one", () => {
  for (const broken of [{ from: 2, to: 1 }, { from: 0, to: 1 }, { from: 1.5, to: 2 }, { from: undefined }, { to: undefined }, { from: "1", to: "2" }, { items: undefined }]) {
    const proof = new Proof({ last: 0 });
    assert.equal(proof.apply({ ...all(1, 1), ...broken }).verdict, "dropped");
    assert.ok(!proof.ok, JSON.stringify(broken));
    assert.equal(proof.events, 0);
  }
});

test("another epoch is another log", () => {
  const proof = fed(all(1, 5));
  assert.equal(proof.apply(batch(6, 7, [6, 7], 2)).verdict, "reset");
  assert.equal(proof.last, 5);
});

test("without a known beginning the first batch is the beginning", () => {
  const proof = new Proof();
  assert.equal(proof.apply(all(41, 42)).verdict, "applied");
  assert.ok(proof.ok);
});

test("the comparison names the first difference", () => {
  const [one, two, three] = [event(1), event(2), event(3)];
  assert.equal(difference([one, two], [one, two], 2), null);
  assert.equal(difference([one, two], [one, two, three], 2), null);
  assert.match(difference([one, two], [one], 2), /only the hub has event 2/);
  assert.match(difference([one], [one, two], 2), /only REST has event 2/);
  assert.match(difference([one, three], [one, two, three], 3), /event 3 where REST has 2/);
  assert.match(difference([one], [event(1, "other")], 1), /event 1 differs/);
});

test("the second reader stops where the hub is, and remembers a difference", async () => {
  const pages = [
    { changes: [event(1), event(2), event(3)], from: 1, to: 3, cursor: "c1.3" },
    { changes: [event(3, "other")], from: 3, to: 3, cursor: "c1.3" },
    { changes: [event(4)], from: 4, to: 4, cursor: "c1.4" },
  ];
  const asked = [];
  const check = new RestCheck(async (parameters) => { asked.push(parameters); return pages.shift(); }, { cursor: null, pos: 0 });
  assert.equal(await check.step(), null);
  check.add(all(1, 2), all(1, 2).items);
  assert.deepEqual(await check.step(), { asked: { since: "earliest" }, from: 1, to: 2, count: 2 });
  assert.equal(check.problem, null);
  check.add(all(3, 3), all(3, 3).items);
  await check.step();
  assert.match(check.problem, /event 3 differs/);
  check.add(all(4, 4), all(4, 4).items);
  await check.step();
  assert.match(check.problem, /event 3 differs/);
  assert.deepEqual(asked.map((each) => each.cursor), [undefined, "c1.2", "c1.3"]);
});
