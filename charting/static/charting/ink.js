// Paints a drawing.

import { FIBONACCI, strokes } from "./drawings.js";

/**
 * @import { Drawing, Point } from "./drawings.js"
 * @typedef {{
 *   colour: string,
 *   width: number,
 *   isChosen: boolean,
 *   format: { formatter: (price: number) => string },
 * }} Ink The width is that of the chart.
 */

const HANDLE_PX = 4;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {Point[]} points
 * @param {Ink} ink
 */
export function drawOne(context, drawing, points, ink) {
  context.strokeStyle = ink.colour;
  context.fillStyle = ink.colour;
  context.lineWidth = ink.isChosen ? 2 : 1;
  context.beginPath();
  for (const [fromX, fromY, toX, toY] of strokes(drawing.kind, points, ink.width)) {
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
  }
  context.stroke();
  if (drawing.kind === "fibonacci") drawShares(context, drawing, points, ink);
  if (ink.isChosen && drawing.kind !== "horizontal") drawHandles(context, points);
}

/**
 * Each level's share and price.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {Point[]} points
 * @param {Ink} ink
 */
function drawShares(context, { points: [from, to] }, points, { width, format }) {
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "bottom";
  strokes("fibonacci", points, width).forEach(([left, y], index) => {
    const price = to.price + FIBONACCI[index] * (from.price - to.price);
    context.fillText(`${FIBONACCI[index]}  ${format.formatter(price)}`, left + 2, y - 1);
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} points
 */
function drawHandles(context, points) {
  for (const { x, y } of points) {
    context.beginPath();
    context.arc(x, y, HANDLE_PX, 0, 2 * Math.PI);
    context.fill();
  }
}
