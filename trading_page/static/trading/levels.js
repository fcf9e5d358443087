// A side of the book as it is shown: levels added up to price steps, with running totals. No input
// or output.

import { ceilTo, exactUnits, floorTo, toText } from "./decimal.js";

/**
 * @import { Level } from "../streams/book.js"
 * @import { Market } from "./answers.d.ts"
 */

/** @typedef {{ price: bigint, volume: bigint, total: bigint }} ShownLevel In smallest units. */
/** @typedef {{ step: bigint, tick: bigint, isAsk: boolean }} Grouping In smallest units. */
/** @typedef {{ priceDecimals: number, quantityDecimals: number }} Scale */

/**
 * The price under which a level is shown: bids are rounded down, though not below the tick, and asks
 * up, so it says what is there at that price or better.
 *
 * @param {bigint} price
 * @param {Grouping} grouping
 */
export function groupPrice(price, { step, tick, isAsk }) {
  return isAsk ? ceilTo(price, step) : floorTo(price, step) || tick;
}

/**
 * The best `count` levels of a side, as they are grouped.
 *
 * @param {Level[]} levels
 * @param {Scale & Grouping & { count: number }} options
 */
export function sideLevels(levels, { count, priceDecimals, quantityDecimals, ...grouping }) {
  /** @type {ShownLevel[]} */
  const shown = [];
  let total = 0n;
  for (const [priceText, volumeText] of levels) {
    const price = groupPrice(exactUnits(priceText, priceDecimals), grouping);
    const volume = exactUnits(volumeText, quantityDecimals);
    const last = shown[shown.length - 1];
    if (last?.price === price) {
      last.volume += volume;
      last.total = total += volume;
    } else {
      if (shown.length === count) break;
      total += volume;
      shown.push({ price, volume, total });
    }
  }
  return shown;
}

/**
 * The price of the market that is nearest to one that was pointed at, as a text; null of one that is
 * none. Pixels need no exactness, prices do.
 *
 * @param {number} price
 * @param {Pick<Market, "tick_size" | "price_decimals">} market
 */
export function pointedPrice(price, { tick_size: tick, price_decimals: decimals }) {
  const step = exactUnits(tick, decimals);
  if (!Number.isFinite(price) || price <= 0) return null;
  const units = exactUnits(price.toFixed(decimals), decimals);
  const nearest = floorTo(units + step / 2n, step);
  return nearest > 0n ? toText(nearest, decimals) : null;
}

/**
 * The price steps to choose from: the tick, and multiples of it by powers of ten.
 *
 * @param {Pick<Market, "tick_size" | "price_decimals">} market
 */
export function steps(market) {
  const tick = exactUnits(market.tick_size, market.price_decimals);
  return [1n, 10n, 100n, 1_000n, 10_000n].map((factor) => tick * factor);
}

/**
 * What an order meets in the book: `{cost, quantity, best, worst}` in units of price x quantity, of
 * quantity, of price. It ends with the quantity wanted, with the budget, with the prices in reach or
 * with the book; `isWhole` says whether the order was done by then.
 *
 * @param {Level[]} levels
 * @param {Scale & {
 *   quantity?: bigint | null,
 *   budget?: bigint | null,
 *   lot: bigint,
 *   isInReach?: (price: bigint) => boolean,
 * }} options
 */
export function sweep(
  levels,
  { quantity = null, budget = null, priceDecimals, quantityDecimals, lot, isInReach = () => true },
) {
  /** @type {{ cost: bigint, quantity: bigint, best: bigint | null, worst: bigint | null }} */
  const met = { cost: 0n, quantity: 0n, best: null, worst: null };
  for (const [priceText, volumeText] of levels) {
    const price = exactUnits(priceText, priceDecimals);
    if (!isInReach(price)) break;
    let volume = exactUnits(volumeText, quantityDecimals);
    if (quantity !== null && volume > quantity - met.quantity) volume = quantity - met.quantity;
    if (budget !== null && volume * price > budget - met.cost) {
      volume = floorTo((budget - met.cost) / price, lot);
    }
    if (volume <= 0n) return { ...met, isWhole: true };
    met.best ??= price;
    met.cost += volume * price;
    met.quantity += volume;
    met.worst = price;
  }
  const isSpent = budget !== null && met.worst !== null && budget - met.cost < met.worst * lot;
  return { ...met, isWhole: isSpent || met.quantity === quantity };
}

const GAPS = 5; // between the columns and beside them, in digits
const PRICE_MIN = 8; // as wide as its heading

/**
 * How the columns of the book share a number of digits: a price is never cut, and what it leaves is
 * for amount and total alike.
 *
 * @param {number} digits
 * @param {string[]} prices
 */
export function columns(digits, prices) {
  const price = Math.max(PRICE_MIN, ...prices.map((text) => text.length));
  return { price, amount: Math.max(1, Math.floor((digits - price - GAPS) / 2)) };
}
