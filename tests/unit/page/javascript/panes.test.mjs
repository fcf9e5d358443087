import assert from "node:assert/strict";
import { test } from "node:test";

import {
  areSizes,
  bounds,
  fitted,
  NAMES,
  PANES,
  resized,
} from "../../../../trading_page/static/trading/panes.js";

const DESK = { width: 1_410, height: 796 };
const SMALL = { width: 1_070, height: 516 };
const CHART = { width: 300, height: 200 };

/**
 * @param {Record<string, number>} sizes
 * @param {typeof DESK} room
 */
const left = ({ markets, book, side, account }, room) => ({
  width: room.width - markets - book - side,
  height: room.height - account,
});

test("panels have their usual sizes until somebody moves an edge", () => {
  const { markets, book, side } = fitted({}, DESK);
  assert.deepEqual([markets, book, side], [252, 270, 280]);
  assert.ok(fitted({}, { width: 1_890, height: 976 }).book > book, "a wide desk has wider ones");
  assert.equal(fitted({ book: 333 }, DESK).book, 333);
});

test("in every window and with every setting the chart has its room and no panel less than it needs", () => {
  for (let width = SMALL.width; width < 4_000; width += 61) {
    for (let height = SMALL.height; height < 2_500; height += 97) {
      for (const px of [1, 250, 700, 9_999]) {
        const wanted = { markets: px, book: px, side: 9_999 - px, account: px };
        const sizes = fitted(wanted, { width, height });
        const chart = left(sizes, { width, height });
        assert.ok(chart.width >= CHART.width && chart.height >= CHART.height, `${width} ${px}`);
        for (const pane of NAMES) assert.ok(sizes[pane] >= PANES[pane].least, pane);
      }
    }
  }
});

test("a size that does not fit a smaller window is there again in the larger one", () => {
  const wanted = { markets: 400, book: 400 };
  assert.ok(fitted(wanted, SMALL).markets < 400);
  assert.equal(fitted(wanted, DESK).markets, 400);
});

test("an edge is moved within the bounds that it tells, and moves no other panel", () => {
  for (const pane of NAMES) {
    const { least, most } = bounds(pane, {}, DESK);
    const before = fitted({}, DESK);
    for (const [px, shown] of [
      [-50, least],
      [99_999, most],
      [least + 7.4, least + 7],
    ]) {
      const after = fitted(resized(pane, px, {}, DESK), DESK);
      assert.deepEqual(after, { ...before, [pane]: shown }, pane);
    }
  }
});

test("a panel that is left out takes nothing, and the others may have its room", () => {
  const sizes = fitted({}, SMALL, ["markets", "account"]);
  assert.equal(sizes.markets, 0);
  assert.equal(sizes.account, 0);
  assert.ok(bounds("book", {}, SMALL, ["markets"]).most > bounds("book", {}, SMALL).most);
});

test("what was kept by another program is not taken for sizes", () => {
  assert.ok(areSizes({}));
  assert.ok(areSizes({ book: 300 }));
  for (const wrong of [
    null,
    [],
    7,
    { book: "300" },
    { book: -1 },
    { chart: 300 },
    { book: null },
  ]) {
    assert.ok(!areSizes(wrong));
  }
});
