// What this browser has drawn on each market, the tool in hand, and the way back.

import { signal } from "@preact/signals";
import { preference } from "#page/preferences.js";
import { areDrawings, DRAWINGS_MAX } from "./drawings.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { Drawing, DrawingKind } from "./drawings.js"
 */

const UNDO_MAX = 50;

export const tool = signal(/** @type {DrawingKind | null} */ (null));
/** The id of the drawing that was chosen. */
export const chosen = signal(/** @type {string | null} */ (null));

/** @type {Map<string, Signal<Drawing[]>>} By symbol. */
const boards = new Map();
/** What was drawn before each change, by symbol. */
const past = signal(/** @type {Map<string, Drawing[][]>} */ (new Map()));

/**
 * The drawings on a market.
 *
 * @param {string} symbol
 */
export function board(symbol) {
  const known = boards.get(symbol);
  if (known) return known;
  const kept = preference(`drawings ${symbol}`, /** @type {Drawing[]} */ ([]), areDrawings);
  boards.set(symbol, kept);
  return kept;
}

/**
 * Draws it, or draws it elsewhere.
 *
 * @param {string} symbol
 * @param {Drawing} drawing
 */
export function put(symbol, drawing) {
  const drawn = board(symbol).peek();
  const isKnown = drawn.some(({ id }) => id === drawing.id);
  const now = isKnown
    ? drawn.map((other) => (other.id === drawing.id ? drawing : other))
    : [...drawn, drawing];
  change(symbol, now.slice(0, DRAWINGS_MAX));
}

/**
 * Takes the chosen one away.
 *
 * @param {string} symbol
 */
export function removeChosen(symbol) {
  const drawn = board(symbol).peek();
  const left = drawn.filter(({ id }) => id !== chosen.peek());
  if (left.length < drawn.length) change(symbol, left);
  chosen.value = null;
}

/**
 * @param {string} symbol
 * @param {Drawing[]} drawn
 */
function change(symbol, drawn) {
  const before = [...(past.peek().get(symbol) ?? []), board(symbol).peek()].slice(-UNDO_MAX);
  past.value = new Map(past.peek()).set(symbol, before);
  board(symbol).value = drawn;
}

/** @param {string} symbol */
export function canUndo(symbol) {
  return Boolean(past.value.get(symbol)?.length);
}

/** @param {string} symbol */
export function undo(symbol) {
  const before = past.peek().get(symbol) ?? [];
  const last = before.at(-1);
  if (!last) return;
  past.value = new Map(past.peek()).set(symbol, before.slice(0, -1));
  board(symbol).value = last;
  chosen.value = null;
}
