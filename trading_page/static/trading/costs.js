// What an order of the form comes to, and how much of it can be paid for. No input or output.

import { exactUnits, floorTo, shareUp, toText, toUnits } from "./decimal.js";
import { sweep } from "./levels.js";
import { isByBudget, LIMIT_DECIMALS, namedPrice, TYPES } from "./ticket.js";

/**
 * @import { Level } from "../streams/book.js"
 * @import { Balance, Market } from "./answers.d.ts"
 * @import { Form, NumberName } from "./ticket.js"
 */

/** @typedef {{ bids: Level[], asks: Level[] }} Sides Of a book. */

const PPM = 1_000_000n;
const RATE_DECIMALS = 6;
// STOP_PROTECTION_PPM of the engine: the reach of a stop at market without a price band.
const BAND_OTHERWISE = 100_000n;

/** @param {Market} market */
function rates(market) {
  const maker = exactUnits(market.maker_fee_rate, RATE_DECIMALS);
  const taker = exactUnits(market.taker_fee_rate, RATE_DECIMALS);
  return { taker, higher: maker > taker ? maker : taker };
}

/** @param {Market} market */
function band(market) {
  return toUnits(market.price_band, RATE_DECIMALS) || BAND_OTHERWISE;
}

/**
 * The highest price at which money is held for a buy: a stop at market may trade beyond its
 * trigger.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 */
function heldPrice(form, market, book) {
  const { fields } = TYPES[form.type];
  /** @param {NumberName} name */
  const of = (name) => (fields.includes(name) ? toUnits(form[name], market.price_decimals) : null);
  /** @param {bigint | null} price */
  const beyond = (price) => price && price + (price * band(market)) / PPM;
  if (form.type === "oco") {
    const stop = of("stop_limit_price") ?? beyond(of("stop_price"));
    const limit = of("price");
    return stop && limit ? (stop > limit ? stop : limit) : (limit ?? stop);
  }
  if (fields.includes("price")) return of("price");
  if (fields.includes("stop_price")) return beyond(of("stop_price"));
  const best = book.asks[0] && toUnits(book.asks[0][0], market.price_decimals);
  return best ? beyond(best) : null;
}

/**
 * What an order would come to, as texts in the quote asset; null while the form does not say
 * enough. Fees are those of the market without a tier, at the rate of takers: so they are the
 * highest.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 */
export function preview(form, market, book) {
  const scale = {
    priceDecimals: market.price_decimals,
    quantityDecimals: market.quantity_decimals,
  };
  const fine = scale.priceDecimals + scale.quantityDecimals;
  const lot = exactUnits(market.lot_size, scale.quantityDecimals);
  const { taker } = rates(market);
  let quantity = toUnits(form.quantity, scale.quantityDecimals);
  /** @type {bigint} */
  let cost;
  /** @type {bigint | null} */
  let worst = null;
  if (form.type === "market") {
    const budget = isByBudget(form) ? toUnits(form.quote_quantity, market.quote_decimals) : null;
    if (isByBudget(form) ? !budget : !quantity) return null;
    const free =
      budget === null ? null : rescale((budget * PPM) / (PPM + taker), market.quote_decimals, fine);
    const swept = sweep(form.side === "buy" ? book.asks : book.bids, {
      quantity: budget === null ? quantity : null,
      budget: free,
      lot,
      ...scale,
    });
    if (!swept.quantity) return null;
    ({ cost, quantity, worst } = swept);
  } else {
    const price = namedPrice(form, market);
    if (!price || !quantity) return null;
    cost = price * quantity;
  }
  const total = rescale(cost, fine, market.quote_decimals);
  const fee = shareUp(total, taker, PPM);
  return {
    total: toText(total, market.quote_decimals),
    fee: toText(fee, market.quote_decimals),
    quantity: toText(quantity, scale.quantityDecimals),
    worst: worst === null ? null : toText(worst, scale.priceDecimals),
    isEstimate: form.type !== "limit",
  };
}

/**
 * @param {bigint} units
 * @param {number} from
 * @param {number} to
 */
function rescale(units, from, to) {
  return to >= from ? units * 10n ** BigInt(to - from) : units / 10n ** BigInt(from - to);
}

/**
 * The size that takes a share of what is available; null when it cannot be known. A buy holds the
 * higher of its two fees as well; a sell holds its quantity only.
 *
 * @param {number} percent
 * @param {Form} form
 * @param {Market} market
 * @param {ReadonlyMap<string, Pick<Balance, "available">>} balances
 * @param {Sides} book
 * @returns {{ quantity: string } | { quote_quantity: string } | null}
 */
export function shareOf(percent, form, market, balances, book) {
  /** @param {bigint} amount */
  const part = (amount) => (amount * BigInt(percent)) / 100n;
  const lot = exactUnits(market.lot_size, market.quantity_decimals);
  if (form.side === "sell") {
    const units = rescale(
      part(amountOf(balances, market.base, market.base_decimals)),
      market.base_decimals,
      market.quantity_decimals,
    );
    return { quantity: toText(floorTo(least(units, market), lot), market.quantity_decimals) };
  }
  const money = part(amountOf(balances, market.quote, market.quote_decimals));
  if (isByBudget(form)) return { quote_quantity: toText(money, market.quote_decimals) };
  const price = heldPrice(form, market, book);
  if (!price) return null;
  const fine = market.price_decimals + market.quantity_decimals;
  const free = (money * PPM) / (PPM + rates(market).higher);
  const units = rescale(free, market.quote_decimals, fine) / price;
  return { quantity: toText(floorTo(least(units, market), lot), market.quantity_decimals) };
}

/**
 * @param {bigint} units
 * @param {Market} market
 */
function least(units, market) {
  const most = exactUnits(market.max_quantity, LIMIT_DECIMALS);
  const largest = rescale(most, LIMIT_DECIMALS, market.quantity_decimals);
  return units < largest ? units : largest;
}

/**
 * @param {ReadonlyMap<string, Pick<Balance, "available">>} balances
 * @param {string} asset
 * @param {number} decimals
 */
function amountOf(balances, asset, decimals) {
  return toUnits(balances.get(asset)?.available ?? "0", decimals) ?? 0n;
}
