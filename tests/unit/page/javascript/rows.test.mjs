// A list that is read page by page while it goes on at its top.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nearPieces, Rows } from "#account/rows.js";

/** @typedef {{ id: string, at: string, text?: string }} Item */

const item = (/** @type {number} */ number, text = "") => {
  const name = String(number).padStart(6, "0");
  return { id: name, at: name, text };
};
const rows = () => new Rows((/** @type {Item} */ { at, id }) => `${at} ${id}`);
const all = (/** @type {Rows<Item>} */ list) => list.pieces.flat();
const page = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: from - to + 1 }, (_, index) => item(from - index));

test("pages follow each other, and what is new comes on top, once", () => {
  const list = rows();
  list.take(page(200, 101), false);
  list.put(item(201));
  list.put(item(201));
  list.take(page(100, 1), true);
  list.put(item(202));
  assert.deepEqual(
    all(list).map(({ id }) => Number(id)),
    Array.from({ length: 202 }, (_, index) => 202 - index),
  );
  assert.equal(list.count, 202);
});

test("an item that has changed is replaced where it stands", () => {
  const list = rows();
  list.take(page(5, 1), true);
  list.put(item(3, "changed"));
  assert.deepEqual(
    all(list).map(({ text }) => text),
    ["", "", "changed", "", ""],
  );
});

test("what belongs further down than has been read waits for its page", () => {
  const list = rows();
  list.take(page(200, 101), false);
  list.put(item(50, "live"));
  assert.equal(list.count, 100);
  // The page was read before that happened, and lacks it.
  list.take(
    page(100, 20).filter(({ id }) => id !== "000050"),
    false,
  );
  assert.equal(list.count, 181);
  assert.equal(all(list).find(({ id }) => id === "000050")?.text, "live");
  list.put(item(10, "live"));
  list.take([], true);
  assert.equal(list.count, 182);
  assert.equal(all(list).at(-1)?.text, "live");
});

test("items that come before the first page are not lost", () => {
  const list = rows();
  list.put(item(7));
  assert.equal(list.count, 0);
  list.take(page(6, 1), true);
  assert.equal(list.count, 7);
});

test("a list of 50,000 is in pieces, and a new item changes one of them", () => {
  const list = rows();
  for (let top = 50_000; top > 0; top -= 1_000) list.take(page(top, top - 999), top === 1_000);
  const before = list.pieces;
  assert.ok(before.every((piece) => piece.length > 0 && piece.length <= 100));
  list.put(item(50_001));
  assert.equal(list.count, 50_001);
  assert.equal(list.pieces.filter((piece) => !before.includes(piece)).length, 1);
});

test("any order of coming gives the same list", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 50; round += 1) {
    const list = rows();
    const items = page(300, 1).sort(() => random() - 0.5);
    const live = items.splice(0, 120);
    const read = items.sort((one, other) => (one.id < other.id ? 1 : -1));
    while (read.length || live.length) {
      if (read.length && random() < 0.1) list.take(read.splice(0, 30), read.length === 0);
      else if (live.length) list.put(/** @type {Item} */ (live.pop()));
      else list.take(read.splice(0), true);
    }
    if (list.floor !== "") list.take([], true);
    assert.deepEqual(all(list), page(300, 1));
    assert.equal(list.count, 300);
  }
});

test("only the pieces near what is seen are shown", () => {
  const heights = Array.from({ length: 100 }, () => 1_000);
  const near = nearPieces(heights, 50_000, 50_600);
  assert.deepEqual(near, { first: 49, last: 51, above: 49_000, below: 48_000 });
  assert.equal(near.above + near.below + 3 * 1_000, 100_000);
  assert.deepEqual(nearPieces([], 0, 500), { first: 0, last: -1, above: 0, below: 0 });
  assert.equal(nearPieces(heights, 0, 500).first, 0);
  assert.equal(nearPieces(heights, 200_000, 200_500).above, 100_000);
});
