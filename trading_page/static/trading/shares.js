// How much of an order can be paid for: the rule by which the exchange holds funds, turned round. No
// input or output.

import { PPM, RATE_DECIMALS, rates, wholeTicks } from "./costs.js";
import { exactUnits, floorTo, rescale, toText, toUnits } from "./decimal.js";
import { LIMIT_DECIMALS, PERCENT_DECIMALS, TYPES } from "./ticket.js";

/**
 * @import { Balance, Market } from "./answers.d.ts"
 * @import { Form, NumberName } from "./ticket.js"
 */

/**
 * What an account has, and the market's last price, if there is one.
 *
 * @typedef {{
 *   balances: ReadonlyMap<string, Pick<Balance, "available">>,
 *   last?: string | null,
 * }} Means
 */
/** @typedef {Partial<Pick<Form, "quantity" | "quote_quantity" | "sizeBy">>} Size */

// STOP_PROTECTION_PPM of the engine: the reach of a stop at market without a price band.
const BAND_OTHERWISE = 100_000n;

/**
 * The largest size that a share of what is available pays for, to the unit; null when it cannot be
 * known because a price is missing. A market buy spends a budget: nothing else uses all of it,
 * whatever the book does meanwhile.
 *
 * @param {number} percent
 * @param {Form} form
 * @param {Market} market By the rates of the account.
 * @param {Means} means
 * @returns {Size | null}
 */
export function shareOf(percent, form, market, { balances, last }) {
  const [asset, decimals] =
    form.side === "buy"
      ? [market.quote, market.quote_decimals]
      : [market.base, market.base_decimals];
  const available = toUnits(balances.get(asset)?.available, decimals) ?? 0n;
  const part = (available * BigInt(percent)) / 100n;
  const { quantity_decimals: fine, price_decimals: priceDecimals } = market;
  if (form.side === "sell") return { quantity: wholeLots(rescale(part, decimals, fine), market) };
  if (form.type === "market") {
    return { sizeBy: "quote_quantity", quote_quantity: toText(part, decimals) };
  }
  const price = heldPrice(form, market, last);
  if (!price) return null;
  const free = (part * PPM) / (PPM + rates(market).higher);
  return { quantity: wholeLots(rescale(free, decimals, fine + priceDecimals) / price, market) };
}

/**
 * As many whole lots as there are, and as one order may have.
 *
 * @param {bigint} units
 * @param {Market} market
 */
function wholeLots(units, market) {
  const decimals = market.quantity_decimals;
  const most = rescale(exactUnits(market.max_quantity, LIMIT_DECIMALS), LIMIT_DECIMALS, decimals);
  const lot = exactUnits(market.lot_size, decimals);
  return toText(floorTo(units < most ? units : most, lot), decimals);
}

/**
 * The highest price for which a buy holds money: its limit, or how far a stop at market may go
 * beyond its trigger.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {string | null} [last]
 */
function heldPrice(form, market, last) {
  const { fields } = TYPES[form.type];
  /** @param {NumberName} name */
  const of = (name) => (fields.includes(name) ? toUnits(form[name], market.price_decimals) : null);
  if (form.type === "oco") {
    const stop = of("stop_limit_price") ?? protection(of("stop_price"), market);
    const limit = of("price");
    return stop && limit ? (stop > limit ? stop : limit) : null;
  }
  if (fields.includes("price")) return of("price");
  const trigger = fields.includes("stop_price")
    ? of("stop_price")
    : trailingTrigger(form, market, toUnits(last, market.price_decimals));
  return protection(trigger, market);
}

/**
 * The furthest price of a buy that is triggered at market: the edge of the band around its trigger.
 *
 * @param {bigint | null} trigger
 * @param {Market} market
 */
function protection(trigger, market) {
  if (!trigger) return null;
  const band = toUnits(market.price_band, RATE_DECIMALS) || BAND_OTHERWISE;
  return trigger + wholeTicks(trigger, band, market);
}

/**
 * Where the trigger of a buy that trails the market is when it is placed: at least a tick above.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {bigint | null} last
 */
function trailingTrigger(form, market, last) {
  if (!last) return null;
  if (form.trailBy === "trailing_amount") {
    const distance = toUnits(form.trailing_amount, market.price_decimals);
    return distance && last + distance;
  }
  const ppm = toUnits(form.trailing_percent, PERCENT_DECIMALS);
  const tick = exactUnits(market.tick_size, market.price_decimals);
  return ppm && last + (wholeTicks(last, ppm, market) || tick);
}
