// What an order of the form comes to. No input or output.

import { exactUnits, shareUp, toText, toUnits } from "./decimal.js";
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
export function rescale(units, from, to) {
  return to >= from ? units * 10n ** BigInt(to - from) : units / 10n ** BigInt(from - to);
}
