// What an order of the form comes to. No input or output.

import { exactUnits, floorTo, rescale, shareUp, toText, toUnits } from "./decimal.js";
import { sweep } from "./levels.js";
import { isByBudget, namedPrice } from "./ticket.js";

/**
 * @import { Level } from "../streams/book.js"
 * @import { Market } from "./answers.d.ts"
 * @import { Form } from "./ticket.js"
 */

/** @typedef {{ bids: Level[], asks: Level[] }} Sides Of a book. */

export const PPM = 1_000_000n;
export const RATE_DECIMALS = 6;

/**
 * The rates of those who trade, in millionths.
 *
 * @param {Pick<Market, "maker_fee_rate" | "taker_fee_rate">} market
 */
export function rates(market) {
  const maker = exactUnits(market.maker_fee_rate, RATE_DECIMALS);
  const taker = exactUnits(market.taker_fee_rate, RATE_DECIMALS);
  return { taker, higher: maker > taker ? maker : taker };
}

/**
 * What an order would come to, as texts in the quote asset; null while the form does not say
 * enough. The fee is that of a taker, by the market's rates.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 * @param {string | null} last The last price.
 */
export function preview(form, market, book, last) {
  const met = form.type === "market" ? meeting(form, market, book, last) : null;
  const { cost, quantity } = met ?? resting(form, market);
  if (!cost || !quantity) return null;
  const total = inQuote(cost, market);
  const fee = shareUp(total, rates(market).taker, PPM);
  return {
    total: toText(total, market.quote_decimals),
    fee: toText(fee, market.quote_decimals),
    quantity: toText(quantity, market.quantity_decimals),
    worst: met?.worst ? toText(met.worst, market.price_decimals) : null,
    isEstimate: form.type !== "limit",
  };
}

/**
 * What so much of price x quantity costs with the fee of a taker, in units of the quote asset.
 *
 * @param {bigint} cost
 * @param {Market} market
 */
export function spentOf(cost, market) {
  const total = inQuote(cost, market);
  return total + shareUp(total, rates(market).taker, PPM);
}

/**
 * @param {bigint} cost
 * @param {Market} market
 */
function inQuote(cost, market) {
  return rescale(cost, market.price_decimals + market.quantity_decimals, market.quote_decimals);
}

/**
 * What an order costs at the price that it names.
 *
 * @param {Form} form
 * @param {Market} market
 */
function resting(form, market) {
  const price = form.type === "market" ? null : namedPrice(form, market);
  const quantity = toUnits(form.quantity, market.quantity_decimals);
  return { cost: price && quantity && price * quantity, quantity };
}

/**
 * What an order would trade at once with the book as it is: at market up to the edge of the price
 * band, else up to its limit. Null of a type that waits first, and while the form does not say
 * enough.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 * @param {string | null} last
 */
export function meeting(form, market, book, last) {
  const edge = edgeOf(form, market, last);
  const quantity = toUnits(form.quantity, market.quantity_decimals);
  const budget = isByBudget(form) ? freeBudget(form, market) : null;
  if (edge === undefined || !(isByBudget(form) ? budget : quantity)) return null;
  const isBuy = form.side === "buy";
  return sweep(isBuy ? book.asks : book.bids, {
    quantity: budget === null ? quantity : null,
    budget,
    lot: exactUnits(market.lot_size, market.quantity_decimals),
    priceDecimals: market.price_decimals,
    quantityDecimals: market.quantity_decimals,
    isInReach: (price) => edge === null || (isBuy ? price <= edge : price >= edge),
  });
}

/**
 * The furthest price at which an order may trade at once; null when there is none, undefined of an
 * order that does not trade at once.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {string | null} last
 */
function edgeOf(form, market, last) {
  if (form.type === "limit" || form.type === "bracket") {
    return toUnits(form.price, market.price_decimals) ?? undefined;
  }
  if (form.type !== "market") return undefined;
  const band = toUnits(market.price_band, RATE_DECIMALS);
  const middle = toUnits(last ?? market.reference_price, market.price_decimals);
  if (!band || !middle) return null;
  const width = wholeTicks(middle, band, market);
  return form.side === "buy" ? middle + width : middle - width;
}

/**
 * What a budget leaves for the order itself, in units of price x quantity.
 *
 * @param {Form} form
 * @param {Market} market
 */
function freeBudget(form, market) {
  const budget = toUnits(form.quote_quantity, market.quote_decimals);
  const free = budget && (budget * PPM) / (PPM + rates(market).taker);
  const fine = market.price_decimals + market.quantity_decimals;
  return free && rescale(free, market.quote_decimals, fine);
}

/**
 * A share of a price, in millionths, rounded down to ticks.
 *
 * @param {bigint} price
 * @param {bigint} ppm
 * @param {Market} market
 */
export function wholeTicks(price, ppm, market) {
  return floorTo((price * ppm) / PPM, exactUnits(market.tick_size, market.price_decimals));
}
