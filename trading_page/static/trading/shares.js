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
  const { quantity_decimals: fine, price_decimals: priceDecimals } = market;
  if (form.side === "sell") {
    return { quantity: wholeLots(rescale(available, decimals, fine), percent, market) };
  }
  if (form.type === "market") {
    const budget = (available * BigInt(percent)) / 100n;
    return { sizeBy: "quote_quantity", quote_quantity: toText(budget, decimals) };
  }
  const price = heldPrice(form, market, last);
  if (!price) return null;
  const free = (available * PPM) / (PPM + rates(market).higher);
  const units = rescale(free, decimals, fine + priceDecimals) / price;
  return { quantity: wholeLots(units, percent, market) };
}

/**
 * Which share of what is available pays for an order's size, in whole percent: 100 is all that
 * `shareOf` takes, or more, and nothing less. Null when it cannot be known.
 *
 * @param {Form} form
 * @param {Market} market By the rates of the account.
 * @param {Means} means
 */
export function percentOf(form, market, means) {
  const most = shareOf(100, form, market, means);
  if (!most || (most.sizeBy && most.sizeBy !== form.sizeBy)) return null;
  const [size, all] = [form, most].map(
    ({ quantity, quote_quantity: budget }) =>
      toUnits(most.sizeBy ? budget : quantity, LIMIT_DECIMALS) ?? 0n,
  );
  if (!size || !all) return 0;
  const rounded = Number((size * 200n + all) / (all * 2n));
  return size >= all ? 100 : Math.min(rounded, 99);
}

/**
 * A share of what there is, or of what one order may have if that is less, in whole lots.
 *
 * @param {bigint} units
 * @param {number} percent
 * @param {Market} market
 */
function wholeLots(units, percent, market) {
  const decimals = market.quantity_decimals;
  const most = rescale(exactUnits(market.max_quantity, LIMIT_DECIMALS), LIMIT_DECIMALS, decimals);
  const lot = exactUnits(market.lot_size, decimals);
  const all = units < most ? units : most;
  return toText(floorTo((all * BigInt(percent)) / 100n, lot), decimals);
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
