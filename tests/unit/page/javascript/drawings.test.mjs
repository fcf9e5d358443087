import assert from "node:assert/strict";
import { test } from "node:test";

import {
  areDrawings,
  DRAWINGS_MAX,
  freshId,
  gripAt,
  moved,
  placeOf,
  strokes,
  timeAt,
} from "#charting/drawings.js";

/**
 * @import { Drawing } from "#charting/drawings.js"
 */

const MINUTE = 60;
const minutes = { times: [600, 660, 720, 780], step: MINUTE };
const hours = { times: [0, 3600], step: 60 * MINUTE };

test("a time has its place among the candles of any timeframe, between and beyond them, too", () => {
  assert.deepEqual(
    [540, 600, 690, 780, 900].map((time) => placeOf(minutes, time)),
    [-1, 0, 1.5, 3, 5],
  );
  assert.deepEqual(
    [-3600, 900, 7200].map((time) => placeOf(hours, time)),
    [-1, 0.25, 2],
  );
});

test("a place leads back to its time", () => {
  for (const time of [0, 540, 599, 600, 611, 690, 780, 1_000]) {
    assert.equal(Math.round(timeAt(minutes, placeOf(minutes, time))), time);
  }
});

test("earlier candles that come later leave a drawing where it was", () => {
  const more = { times: [480, 540, ...minutes.times], step: MINUTE };
  assert.equal(placeOf(more, 690), placeOf(minutes, 690) + 2);
});

test("a gap in the candles does not bend time", () => {
  const gap = { times: [600, 660, 900], step: MINUTE };
  assert.equal(placeOf(gap, 780), 1.5);
  assert.equal(timeAt(gap, 1.5), 780);
});

test("a pointer takes hold of a point, of the whole, or of nothing", () => {
  const points = [
    { x: 10, y: 10 },
    { x: 110, y: 110 },
  ];
  assert.equal(gripAt("trend", points, { x: 12, y: 9 }, 500), 0);
  assert.equal(gripAt("trend", points, { x: 108, y: 112 }, 500), 1);
  assert.equal(gripAt("trend", points, { x: 62, y: 60 }, 500), "whole");
  assert.equal(gripAt("trend", points, { x: 90, y: 40 }, 500), null);
  assert.equal(gripAt("trend", points, { x: 150, y: 150 }, 500), null); // beyond its end
  assert.equal(gripAt("rectangle", points, { x: 110, y: 60 }, 500), "whole");
  assert.equal(gripAt("rectangle", points, { x: 60, y: 60 }, 500), null); // its inside is the chart
  assert.equal(gripAt("horizontal", [{ x: 10, y: 10 }], { x: 480, y: 13 }, 500), "whole");
  assert.equal(gripAt("fibonacci", points, { x: 60, y: 60 }, 500), "whole"); // half of the way
});

test("Fibonacci's levels go from the second point to the first", () => {
  const lines = strokes(
    "fibonacci",
    [
      { x: 0, y: 100 },
      { x: 50, y: 0 },
    ],
    500,
  );
  assert.deepEqual(
    lines.map(([, y]) => Math.round(y * 10) / 10),
    [0, 23.6, 38.2, 50, 61.8, 78.6, 100],
  );
});

test("what is held moves, and nothing else", () => {
  const points = [
    { time: 600, price: 100 },
    { time: 720, price: 110 },
  ];
  const way = { from: { place: 0, price: 100 }, to: { place: 1, price: 105 } };
  assert.deepEqual(moved(points, 0, way, minutes), [{ time: 660, price: 105 }, points[1]]);
  assert.deepEqual(moved(points, "whole", way, minutes), [
    { time: 660, price: 105 },
    { time: 780, price: 115 },
  ]);
});

test("what is kept is taken only if this page can draw it", () => {
  /** @type {Drawing} */
  const good = { id: "1", kind: "horizontal", points: [{ time: 600, price: 100 }] };
  assert.ok(areDrawings([]));
  assert.ok(areDrawings([good]));
  for (const bad of [
    null,
    [null],
    [{ ...good, kind: "valueOf" }],
    [{ ...good, kind: "trend" }],
    [{ ...good, points: [{ time: 600 }] }],
    Array(DRAWINGS_MAX + 1).fill(good),
  ]) {
    assert.ok(!areDrawings(bad), JSON.stringify(bad));
  }
  assert.equal(freshId([good, { ...good, id: "7" }]), "8");
});
