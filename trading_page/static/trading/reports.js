// What became of an order, in words, and how good that is. No input or output.

import { exactUnits, roundedText, toShortText } from "./decimal.js";
import { grouped, neat } from "./numbers.js";
import { LIMIT_DECIMALS } from "./ticket.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @import { Note } from "./notes.js"
 */

/** @typedef {Pick<Note, "text" | "kind">} Report */

/** @type {Partial<Record<NonNullable<Order["reason"]>, string>>} */
const REASONS = {
  IOC_REMAINDER: "nothing more could be had at once at its price",
  FOK_NOT_FILLABLE: "not all of it could be had at once",
  MARKET_REMAINDER: "the book has no more within the price band",
  LINKED: "the other order of its group came first",
  NO_FUNDS: "the funds for it were not there",
  CANCEL_AFTER: "nothing was heard from its owner in time",
  SELF_TRADE: "it met an own order",
  MATCH_LIMIT: "it has traded with as many orders as one may at once",
  INSUFFICIENT_LIQUIDITY: "the book has nothing within the price band",
  PRICE_OUT_OF_BAND: "its price is too far from the market",
  POST_ONLY_WOULD_TRADE: "it would have traded at once",
  STOP_WOULD_TRIGGER: "its trigger had been reached already",
  NO_LAST_PRICE: "there is no last price yet",
  ALREADY_EXPIRED: "its time was over",
  TOO_MANY_ORDERS: "too many orders are open",
  TOO_MANY_STOPS: "too many stops are waiting",
  MARKET_CLOSED: "the market is closed",
  MARKET_HALTED: "the market is halted",
  MARKET_PRE_OPEN: "the market has not opened yet",
};
const ENDED = { cancelled: "was cancelled", expired: "has expired", rejected: "was refused" };
const OPEN = ["open", "pending", "partially_filled"];

/**
 * The state of an order as it is told. Prices are rounded to so many decimals.
 *
 * @param {Order} order
 * @param {number} priceDecimals
 * @returns {Report}
 */
export function reportOf(order, priceDecimals) {
  const { status } = order;
  const done = isTraded(order) ? traded(order, priceDecimals) : "";
  if (status === "filled") return { text: done, kind: "done" };
  if (status === "partially_filled") {
    return { text: `${done}; the rest is in the book`, kind: "done" };
  }
  if (status === "open") return { text: `${asked(order)}: in the book`, kind: "info" };
  if (status === "pending") return { text: `${asked(order)}: ${waits(order)}`, kind: "info" };
  const end = `${ENDED[status]}${why(order)}`;
  if (done) return { text: `${done}; the rest, ${rest(order)}, ${end}`, kind: "part" };
  return { text: `${asked(order)} ${end}`, kind: kindOfEnd(order) };
}

/**
 * Whether an order has changed in a way that its owner wants to hear of: it traded, was triggered,
 * or ended without being asked to.
 *
 * @param {Order} order
 * @param {Order} [before] As it was known.
 */
export function isNews(order, before) {
  const hasTraded = before ? order.filled_quantity !== before.filled_quantity : isTraded(order);
  const isTriggered = before?.status === "pending" && OPEN.includes(order.status);
  const isEnded = !OPEN.includes(order.status) && kindOfEnd(order) !== "info";
  return hasTraded || (isTriggered && order.status !== "pending") || isEnded;
}

/**
 * @param {Order} order
 * @returns {Report["kind"]}
 */
function kindOfEnd({ status, reason }) {
  if (status === "rejected") return "error";
  return status === "cancelled" && (reason === null || reason === "LINKED") ? "info" : "part";
}

/** @param {Order} order */
function isTraded({ filled_quantity: filled }) {
  return /[1-9]/.test(filled);
}

/** @param {Pick<Order, "symbol">} order */
function assetsOf({ symbol }) {
  const [base, quote] = symbol.split("/");
  return { base, quote };
}

/**
 * "Buy 0.20000 BTC at 65,003.00 USDT".
 *
 * @param {Pick<Order, "symbol" | "side" | "quantity" | "quote_quantity" | "price">} order
 */
export function asked(order) {
  const { base, quote } = assetsOf(order);
  const verb = order.side === "buy" ? "Buy" : "Sell";
  if (order.quantity === null) {
    return `${verb} ${base} for ${neat(order.quote_quantity ?? "")} ${quote}`;
  }
  const price = order.price ? `${grouped(order.price)} ${quote}` : "market";
  return `${verb} ${grouped(order.quantity)} ${base} at ${price}`;
}

/**
 * What a pending order waits for.
 *
 * @param {Order} order
 */
function waits(order) {
  const { quote } = assetsOf(order);
  if (order.trailing_percent) return `trails the market by ${grouped(order.trailing_percent)} %`;
  if (order.trailing_amount) {
    return `trails the market by ${grouped(order.trailing_amount)} ${quote}`;
  }
  return order.stop_price
    ? `waits for ${grouped(order.stop_price)} ${quote}`
    : "waits for its entry";
}

/**
 * "Bought 0.08800 of 1.00000 BTC at 65,003.00 USDT".
 *
 * @param {Order} order
 * @param {number} decimals
 */
function traded(order, decimals) {
  const { base, quote } = assetsOf(order);
  const verb = order.side === "buy" ? "Bought" : "Sold";
  const isWhole = order.status === "filled" || order.quantity === null;
  const of = isWhole ? "" : ` of ${grouped(order.quantity ?? "")}`;
  const size = `${grouped(order.filled_quantity)}${of} ${base}`;
  const money = order.quantity === null ? ` for ${neat(spent(order))} ${quote} with the fee,` : "";
  return `${verb} ${size}${money} ${average(order, decimals)} ${quote}`;
}

/**
 * @param {Order} order
 * @param {number} decimals
 */
function average({ average_price: price }, decimals) {
  const shown = roundedText(price ?? "0", decimals);
  const isExact = exactUnits(shown, LIMIT_DECIMALS) === exactUnits(price ?? "0", LIMIT_DECIMALS);
  return `${isExact ? "at" : "at an average of"} ${grouped(shown)}`;
}

/**
 * What was not traded, or not spent.
 *
 * @param {Order} order
 */
function rest(order) {
  const { base, quote } = assetsOf(order);
  if (order.remaining_quantity !== null) return `${grouped(order.remaining_quantity)} ${base}`;
  const left = fine(order.quote_quantity ?? "0") - fine(spent(order));
  return `${neat(toShortText(left, LIMIT_DECIMALS))} ${quote}`;
}

/** @param {Order} order */
function spent({ filled_quote: cost, fee }) {
  return toShortText(fine(cost) + fine(fee), LIMIT_DECIMALS);
}

/** @param {string} text */
function fine(text) {
  return exactUnits(text, LIMIT_DECIMALS);
}

/** @param {Order} order */
function why(order) {
  return order.reason ? `: ${reasonOf(order)}` : "";
}

/**
 * Why an order ended, in words; "" if it was asked to.
 *
 * @param {Pick<Order, "reason">} order
 */
export function reasonOf({ reason }) {
  return reason ? (REASONS[reason] ?? reason.toLowerCase().replaceAll("_", " ")) : "";
}
