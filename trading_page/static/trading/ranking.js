// Which markets are listed, and in which order. No input or output.

import { toUnits } from "./decimal.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Ticker } from "./store.js"
 */

/** @typedef {Pick<Market, "symbol" | "base" | "quote">} Listed */
/** @typedef {"name" | "last" | "change" | "volume"} SortKey */
/** @typedef {SortKey | `-${SortKey}`} SortOrder With a minus the largest is first. */
/** @typedef {Pick<Ticker, "last" | "change_percent" | "quote_volume">} Figures */
/** @typedef {(symbol: string) => Figures | null} FiguresOf What is known of a market. */

/** @type {SortKey[]} */
export const SORT_KEYS = ["name", "last", "change", "volume"];
/** @type {SortOrder[]} The first is the one that nobody has to choose. */
export const SORT_ORDERS = SORT_KEYS.flatMap((key) => [key, /** @type {const} */ (`-${key}`)]);
export const ALL = "all";
export const FAVOURITES = "favourites";
export const FAVOURITES_MAX = 1_000;
const DECIMALS = 18;

/** @param {SortOrder} order */
export function keyOf(order) {
  return /** @type {SortKey} */ (order.replace("-", ""));
}

/**
 * The order after a column was chosen: names begin with the first, numbers with the largest; a
 * column that is chosen again is turned round.
 *
 * @param {SortOrder} order
 * @param {SortKey} key
 * @returns {SortOrder}
 */
export function chosenOrder(order, key) {
  if (keyOf(order) !== key) return key === "name" ? key : `-${key}`;
  return order === key ? `-${key}` : key;
}

/**
 * The markets in order. Equal ones are by name, and those of which nothing is known are the last,
 * whichever way it goes.
 *
 * @template {Listed} Item
 * @param {Item[]} markets
 * @param {SortOrder} order
 * @param {FiguresOf} figuresOf
 */
export function ranked(markets, order, figuresOf) {
  const key = keyOf(order);
  const sign = order === key ? 1 : -1;
  const byName = [...markets].sort((one, other) => (one.symbol < other.symbol ? -1 : 1));
  if (key === "name") return sign > 0 ? byName : byName.reverse();
  const values = valuesOf(byName, key, figuresOf);
  /** @param {Item} market */
  const value = (market) => values.get(market.symbol) ?? null;
  return byName.sort((one, other) => compared(value(one), value(other), sign));
}

/**
 * @param {bigint | null} one
 * @param {bigint | null} other
 * @param {number} sign
 */
function compared(one, other, sign) {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return one === other ? 0 : one < other ? -sign : sign;
}

/**
 * @param {Listed[]} markets
 * @param {SortKey} key
 * @param {FiguresOf} figuresOf
 */
function valuesOf(markets, key, figuresOf) {
  const worthOf = key === "volume" ? worths(markets, figuresOf) : null;
  return new Map(
    markets.map(({ symbol, quote }) => {
      const figures = figuresOf(symbol);
      if (!figures) return [symbol, null];
      if (key === "last") return [symbol, signed(figures.last)];
      if (key === "change") return [symbol, signed(figures.change_percent)];
      const volume = signed(figures.quote_volume);
      const worth = worthOf?.(quote) ?? null;
      return [symbol, volume === null || worth === null ? null : volume * worth];
    }),
  );
}

/**
 * What one of a quote asset is worth in the one that most markets have, so that volumes of different
 * quote assets can be compared; null where no market says it.
 *
 * @param {Listed[]} markets
 * @param {FiguresOf} figuresOf
 * @returns {(quote: string) => bigint | null}
 */
function worths(markets, figuresOf) {
  const [common] = quotesOf(markets);
  const one = 10n ** BigInt(DECIMALS);
  return (quote) => {
    if (quote === common) return one;
    const straight = signed(figuresOf(`${quote}/${common}`)?.last);
    const inverse = signed(figuresOf(`${common}/${quote}`)?.last);
    return straight ?? (inverse ? (one * one) / inverse : null);
  };
}

/**
 * The quote assets, those of most markets first.
 *
 * @param {Pick<Listed, "quote">[]} markets
 */
export function quotesOf(markets) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { quote } of markets) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  return [...counts]
    .sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1))
    .map(([quote]) => quote);
}

/**
 * Those of a filter: all, the favourites, or those of a quote asset. A quote asset that there is no
 * more filters nothing.
 *
 * @template {Listed} Item
 * @param {Item[]} markets
 * @param {string} filter
 * @param {ReadonlySet<string>} favourites
 */
export function filtered(markets, filter, favourites) {
  if (filter === FAVOURITES) return markets.filter(({ symbol }) => favourites.has(symbol));
  const ofQuote = markets.filter(({ quote }) => quote === filter);
  return ofQuote.length ? ofQuote : markets;
}

/**
 * The favourites with one more, or one less.
 *
 * @param {string[]} favourites
 * @param {string} symbol
 */
export function starred(favourites, symbol) {
  const others = favourites.filter((other) => other !== symbol);
  if (others.length < favourites.length) return others;
  return [...favourites, symbol].slice(-FAVOURITES_MAX);
}

/** @param {unknown} found */
export function areFavourites(found) {
  return (
    Array.isArray(found) &&
    found.length <= FAVOURITES_MAX &&
    found.every((one) => typeof one === "string")
  );
}

/** @param {string | null | undefined} text */
function signed(text) {
  if (!text) return null;
  const units = toUnits(text.replace("-", ""), DECIMALS);
  return units !== null && text.startsWith("-") ? -units : units;
}
