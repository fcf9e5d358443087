// Which indicators there are, what can be set of them, and what a valid one is. No input or output.

import { gettext } from "#page/texts.js";

/**
 * @import { Numbers } from "./formulas.js"
 */

/** @typedef {"sma" | "ema" | "bollinger" | "rsi" | "macd"} Kind */
/** @typedef {(typeof COLOURS)[number]} Colour */
/** @typedef {{ id: string, kind: Kind, colour: Colour, numbers: Numbers }} Indicator */
/** @typedef {"line" | "thin" | "muted" | "columns"} Stroke How a value is drawn. */

/** Names of the palette: `--chart-blue`. */
export const COLOURS = /** @type {const} */ (["blue", "orange", "violet", "teal", "pink", "olive"]);
export const INDICATORS_MAX = 12;
const LENGTH_MAX = 500;
const DEVIATIONS_MAX = 10;

/**
 * What can be set of each kind, and how its values are drawn: on the prices, or in a pane below.
 *
 * @type {Record<Kind, {
 *   numbers: Numbers,
 *   strokes: Stroke[],
 *   isBelow: boolean,
 * }>}
 */
export const KINDS = {
  sma: {
    numbers: { length: 20 },
    strokes: ["line"],
    isBelow: false,
  },
  ema: {
    numbers: { length: 21 },
    strokes: ["line"],
    isBelow: false,
  },
  bollinger: {
    numbers: { length: 20, deviations: 2 },
    strokes: ["thin", "line", "line"],
    isBelow: false,
  },
  rsi: {
    numbers: { length: 14 },
    strokes: ["line"],
    isBelow: true,
  },
  macd: {
    numbers: { fast: 12, slow: 26, signal: 9 },
    strokes: ["line", "muted", "columns"],
    isBelow: true,
  },
};

/**
 * What people call a kind.
 *
 * @returns {Record<Kind, string>}
 */
export function kindNames() {
  return {
    sma: gettext("Moving average (SMA)"),
    ema: gettext("Exponential average (EMA)"),
    bollinger: gettext("Bollinger bands"),
    rsi: gettext("Relative strength (RSI)"),
    macd: gettext("MACD"),
  };
}

/**
 * An indicator at a glance: "SMA 20", "MACD 12 26 9".
 *
 * @param {Indicator} indicator
 */
export function shortName({ kind, numbers }) {
  const short = { sma: "SMA", ema: "EMA", bollinger: "BB", rsi: "RSI", macd: "MACD" };
  return [short[kind], ...Object.values(numbers)].join(" ");
}

/**
 * A new indicator of a kind, in the colour that is used least.
 *
 * @param {Kind} kind
 * @param {Indicator[]} others
 * @returns {Indicator}
 */
export function fresh(kind, others) {
  /** @param {Colour} colour */
  const uses = (colour) => others.filter((other) => other.colour === colour).length;
  const [colour] = [...COLOURS].sort((one, other) => uses(one) - uses(other));
  const taken = others.map(({ id }) => Number(id));
  const id = String(Math.max(0, ...taken) + 1);
  return { id, kind, colour, numbers: { ...KINDS[kind].numbers } };
}

/**
 * Why numbers of a kind cannot be drawn, at the name of the one that is wrong; empty if they can.
 *
 * @param {Kind} kind
 * @param {Numbers} numbers
 * @returns {Record<string, string>}
 */
export function numberProblems(kind, numbers) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of Object.keys(KINDS[kind].numbers)) {
    const problem = numberProblem(name, numbers[name]);
    if (problem) found[name] = problem;
  }
  if (kind === "macd" && !found.fast && !found.slow && numbers.fast >= numbers.slow) {
    found.slow = gettext("Longer than the fast one");
  }
  return found;
}

/**
 * @param {string} name
 * @param {number} value
 */
function numberProblem(name, value) {
  if (name === "deviations") {
    const isGood = value > 0 && value <= DEVIATIONS_MAX;
    return isGood ? "" : gettext("More than 0, at most {most}", { most: DEVIATIONS_MAX });
  }
  const isGood = Number.isInteger(value) && value >= 1 && value <= LENGTH_MAX;
  return isGood ? "" : gettext("A whole number from 1 to {most}", { most: LENGTH_MAX });
}

/**
 * Whether it is a list of indicators as this page makes them.
 *
 * @param {unknown} found
 */
export function areIndicators(found) {
  return Array.isArray(found) && found.length <= INDICATORS_MAX && found.every(isIndicator);
}

/** @param {Indicator | null | undefined} found as it was kept, so perhaps none */
function isIndicator(found) {
  return (
    typeof found?.id === "string" &&
    Object.hasOwn(KINDS, found.kind) &&
    COLOURS.includes(found.colour) &&
    typeof found.numbers === "object" &&
    sameNames(found.numbers, KINDS[/** @type {Kind} */ (found.kind)].numbers) &&
    Object.keys(numberProblems(found.kind, found.numbers)).length === 0
  );
}

/**
 * @param {object | null} one
 * @param {object} other
 */
function sameNames(one, other) {
  return Object.keys(one ?? {}).join() === Object.keys(other).join();
}
