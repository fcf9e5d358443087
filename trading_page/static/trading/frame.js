// Paints once per frame, however often something changes; and what painters need to measure.

/** @typedef {() => void} Painter */

/** @type {Set<Painter>} */
const waiting = new Set();
let request = 0;

/**
 * Calls `painter` before the next frame, once.
 *
 * @param {Painter} painter
 */
export function paint(painter) {
  waiting.add(painter);
  if (!request) request = requestAnimationFrame(run);
}

/**
 * Forgets a painter that is not needed any more.
 *
 * @param {Painter} painter
 */
export function unpaint(painter) {
  waiting.delete(painter);
}

function run() {
  request = 0;
  const painters = [...waiting];
  waiting.clear();
  for (const painter of painters) painter();
}

/**
 * Writes a text node only when its text changes.
 *
 * @param {Text} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.data !== text) node.data = text;
}

const canvas = document.createElement("canvas").getContext("2d");

/**
 * How wide a digit is in an element, in pixels.
 *
 * @param {HTMLElement} element
 */
export function digitPx(element) {
  const { fontSize, fontFamily } = getComputedStyle(element);
  if (!canvas) return parseFloat(fontSize);
  canvas.font = `${fontSize} ${fontFamily}`; // the whole font may have no short form
  return canvas.measureText("0").width;
}
