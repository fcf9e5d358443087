// Lines that people draw on a chart, as points of time and price: where they are on the chart of
// any timeframe, what a pointer is on, and what moves. No input or output.

/** @typedef {"trend" | "horizontal" | "rectangle" | "fibonacci"} DrawingKind */
/** @typedef {{ time: number, price: number }} Anchor The time in seconds. */
/** @typedef {{ id: string, kind: DrawingKind, points: Anchor[] }} Drawing */
/** @typedef {{ x: number, y: number }} Point In pixels. */
/** @typedef {{ place: number, price: number }} Spot The place counted in candles. */
/** @typedef {{ times: number[], step: number }} Axis Times of candles in order, and their length. */
/** @typedef {number | "whole"} Grip Which of its points is held, or all of it. */

/** @type {Record<DrawingKind, number>} */
export const POINTS = { trend: 2, horizontal: 1, rectangle: 2, fibonacci: 2 };
export const DRAWINGS_MAX = 50;
/** Shares of the way from the second point to the first. */
export const FIBONACCI = [0, 0.236, 0.382, 0.5, 0.618, 0.786, 1];
const REACH_PX = 6;

/**
 * Where a time is among those of the candles, counted in candles; between and beyond them, too.
 *
 * @param {Axis} axis
 * @param {number} time
 */
export function placeOf({ times, step }, time) {
  const last = times.length - 1;
  if (last < 0) return 0;
  if (time <= times[0]) return (time - times[0]) / step;
  if (time >= times[last]) return last + (time - times[last]) / step;
  const after = firstAfter(times, time);
  return after - 1 + (time - times[after - 1]) / (times[after] - times[after - 1]);
}

/**
 * The time at a place: the way back.
 *
 * @param {Axis} axis
 * @param {number} place
 */
export function timeAt({ times, step }, place) {
  const last = times.length - 1;
  if (last < 0) return 0;
  if (place <= 0) return times[0] + place * step;
  if (place >= last) return times[last] + (place - last) * step;
  const before = Math.floor(place);
  return times[before] + (place - before) * (times[before + 1] - times[before]);
}

/**
 * @param {number[]} times
 * @param {number} time
 */
function firstAfter(times, time) {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The lines of a drawing, from point to point: `[x, y, x, y]`. A horizontal line goes from edge to
 * edge.
 *
 * @param {DrawingKind} kind
 * @param {Point[]} points
 * @param {number} width
 * @returns {[number, number, number, number][]}
 */
export function strokes(kind, points, width) {
  const [from, to = from] = points;
  if (kind === "horizontal") return [[0, from.y, width, from.y]];
  if (kind === "trend") return [[from.x, from.y, to.x, to.y]];
  const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
  if (kind === "fibonacci") {
    return FIBONACCI.map((share) => {
      const y = to.y + share * (from.y - to.y);
      return [left, y, right, y];
    });
  }
  return [
    [left, from.y, right, from.y],
    [left, to.y, right, to.y],
    [left, from.y, left, to.y],
    [right, from.y, right, to.y],
  ];
}

/**
 * What of a drawing is under the pointer; null if nothing is.
 *
 * @param {DrawingKind} kind
 * @param {Point[]} points
 * @param {Point} at
 * @param {number} width
 * @returns {Grip | null}
 */
export function gripAt(kind, points, at, width) {
  if (kind !== "horizontal") {
    const held = points.findIndex(({ x, y }) => Math.hypot(at.x - x, at.y - y) <= REACH_PX + 2);
    if (held >= 0) return held;
  }
  const isNear = strokes(kind, points, width).some((line) => distance(at, line) <= REACH_PX);
  return isNear ? "whole" : null;
}

/**
 * From a point to a line, in pixels.
 *
 * @param {Point} at
 * @param {[number, number, number, number]} line
 */
function distance({ x, y }, [fromX, fromY, toX, toY]) {
  const [wide, high] = [toX - fromX, toY - fromY];
  const length = wide ** 2 + high ** 2;
  const along = length ? ((x - fromX) * wide + (y - fromY) * high) / length : 0;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(x - fromX - share * wide, y - fromY - share * high);
}

/**
 * The points after what is held was moved from one spot to another.
 *
 * @param {Anchor[]} points
 * @param {Grip} grip
 * @param {{ from: Spot, to: Spot }} way
 * @param {Axis} axis
 * @returns {Anchor[]}
 */
export function moved(points, grip, { from, to }, axis) {
  return points.map((point, index) => {
    if (grip === index) return anchorOf(to, axis);
    if (grip !== "whole") return point;
    const place = placeOf(axis, point.time) + to.place - from.place;
    return anchorOf({ place, price: point.price + to.price - from.price }, axis);
  });
}

/**
 * @param {Spot} spot
 * @param {Axis} axis
 * @returns {Anchor}
 */
export function anchorOf({ place, price }, axis) {
  return { time: timeAt(axis, place), price };
}

/**
 * An id that no other has.
 *
 * @param {Drawing[]} others
 */
export function freshId(others) {
  return String(Math.max(0, ...others.map(({ id }) => Number(id) || 0)) + 1);
}

/**
 * Whether it is a list of drawings as this page makes them.
 *
 * @param {unknown} found
 */
export function areDrawings(found) {
  return Array.isArray(found) && found.length <= DRAWINGS_MAX && found.every(isDrawing);
}

/** @param {Drawing | null | undefined} found as it was kept, so perhaps none */
function isDrawing(found) {
  return (
    typeof found?.id === "string" &&
    Object.hasOwn(POINTS, found.kind) &&
    Array.isArray(found.points) &&
    found.points.length === POINTS[found.kind] &&
    found.points.every(isAnchor)
  );
}

/** @param {Anchor | null | undefined} found */
function isAnchor(found) {
  return Number.isFinite(found?.time) && Number.isFinite(found?.price);
}
