// What became of an order, in words, and how good that is. No input or output.

import { exactUnits, roundedText, toShortText } from "./decimal.js";
import { grouped, neat } from "./numbers.js";
import { amountOf, filled, gettext, isolated } from "./texts.js";
import { LIMIT_DECIMALS } from "./ticket.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @import { Note } from "./notes.js"
 */

/** @typedef {Pick<Note, "text" | "kind">} Report */

/** @type {Partial<Record<NonNullable<Order["reason"]>, string>>} */
const REASONS = {
  IOC_REMAINDER: gettext("nothing more could be had at once at its price"),
  FOK_NOT_FILLABLE: gettext("not all of it could be had at once"),
  MARKET_REMAINDER: gettext("the book has no more within the price band"),
  LINKED: gettext("the other order of its group came first"),
  NO_FUNDS: gettext("the funds for it were not there"),
  CANCEL_AFTER: gettext("nothing was heard from its owner in time"),
  SELF_TRADE: gettext("it met an own order"),
  MATCH_LIMIT: gettext("it has traded with as many orders as one may at once"),
  INSUFFICIENT_LIQUIDITY: gettext("the book has nothing within the price band"),
  PRICE_OUT_OF_BAND: gettext("its price is too far from the market"),
  POST_ONLY_WOULD_TRADE: gettext("it would have traded at once"),
  STOP_WOULD_TRIGGER: gettext("its trigger had been reached already"),
  NO_LAST_PRICE: gettext("there is no last price yet"),
  ALREADY_EXPIRED: gettext("its time was over"),
  TOO_MANY_ORDERS: gettext("too many orders are open"),
  TOO_MANY_STOPS: gettext("too many stops are waiting"),
  MARKET_CLOSED: gettext("the market is closed"),
  MARKET_HALTED: gettext("the market is halted"),
  MARKET_PRE_OPEN: gettext("the market has not opened yet"),
};
/**
 * How an order ended before it traded, and after a part of it had; without and with the reason.
 *
 * @type {Record<"cancelled" | "expired" | "rejected", Record<"whole" | "rest", [string, string]>>}
 */
const ENDS = {
  cancelled: {
    whole: [gettext("{order} was cancelled"), gettext("{order} was cancelled: {reason}")],
    rest: [
      gettext("{trade}; the rest, {rest}, was cancelled"),
      gettext("{trade}; the rest, {rest}, was cancelled: {reason}"),
    ],
  },
  expired: {
    whole: [gettext("{order} has expired"), gettext("{order} has expired: {reason}")],
    rest: [
      gettext("{trade}; the rest, {rest}, has expired"),
      gettext("{trade}; the rest, {rest}, has expired: {reason}"),
    ],
  },
  rejected: {
    whole: [gettext("{order} was refused"), gettext("{order} was refused: {reason}")],
    rest: [
      gettext("{trade}; the rest, {rest}, was refused"),
      gettext("{trade}; the rest, {rest}, was refused: {reason}"),
    ],
  },
};
/**
 * What was traded: all of an order, a part of it, or what a budget paid for; at one price, and at an
 * average.
 *
 * @type {Record<Order["side"], Record<"whole" | "part" | "budget", [string, string]>>}
 */
const TRADES = {
  buy: {
    whole: [
      gettext("Bought {amount} at {price}"),
      gettext("Bought {amount} at an average of {price}"),
    ],
    part: [
      gettext("Bought {filled} of {amount} at {price}"),
      gettext("Bought {filled} of {amount} at an average of {price}"),
    ],
    budget: [
      gettext("Bought {amount} for {cost} with the fee, at {price}"),
      gettext("Bought {amount} for {cost} with the fee, at an average of {price}"),
    ],
  },
  sell: {
    whole: [gettext("Sold {amount} at {price}"), gettext("Sold {amount} at an average of {price}")],
    part: [
      gettext("Sold {filled} of {amount} at {price}"),
      gettext("Sold {filled} of {amount} at an average of {price}"),
    ],
    budget: [
      gettext("Sold {amount} for {cost} with the fee, at {price}"),
      gettext("Sold {amount} for {cost} with the fee, at an average of {price}"),
    ],
  },
};
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
  const done = isTraded(order) ? tradeOf(order, priceDecimals) : "";
  if (status === "filled") return { text: done, kind: "done" };
  if (status === "partially_filled") {
    return { text: gettext("{trade}; the rest is in the book", { trade: done }), kind: "done" };
  }
  if (status === "open") {
    return { text: gettext("{order}: in the book", { order: asked(order) }), kind: "info" };
  }
  if (status === "pending") return { text: waits(order), kind: "info" };
  const reason = reasonOf(order);
  const { whole, rest } = ENDS[status];
  const place = reason ? 1 : 0;
  if (done) {
    const values = { trade: done, rest: leftOf(order), reason };
    return { text: filled(rest[place], values), kind: "part" };
  }
  return { text: filled(whole[place], { order: asked(order), reason }), kind: kindOfEnd(order) };
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
function isTraded({ filled_quantity: traded }) {
  return /[1-9]/.test(traded);
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
  const isBuy = order.side === "buy";
  if (order.quantity === null) {
    const values = { asset: base, budget: amountOf(neat(order.quote_quantity ?? ""), quote) };
    return isBuy
      ? gettext("Buy {asset} for {budget}", values)
      : gettext("Sell {asset} for {budget}", values);
  }
  const amount = amountOf(grouped(order.quantity), base);
  if (!order.price) {
    return isBuy
      ? gettext("Buy {amount} at market", { amount })
      : gettext("Sell {amount} at market", { amount });
  }
  const values = { amount, price: amountOf(grouped(order.price), quote) };
  return isBuy
    ? gettext("Buy {amount} at {price}", values)
    : gettext("Sell {amount} at {price}", values);
}

/**
 * A pending order, and what it waits for.
 *
 * @param {Order} order
 */
function waits(order) {
  const { quote } = assetsOf(order);
  const { trailing_percent: percent, trailing_amount: amount, stop_price: trigger } = order;
  const values = { order: asked(order) };
  if (percent || amount) {
    const distance = percent
      ? isolated(`${grouped(percent)} %`)
      : amountOf(grouped(amount ?? ""), quote);
    return gettext("{order}: trails the market by {distance}", { ...values, distance });
  }
  if (!trigger) return gettext("{order}: waits for its entry", values);
  return gettext("{order}: waits for {price}", {
    ...values,
    price: amountOf(grouped(trigger), quote),
  });
}

/**
 * "Bought 0.08800 of 1.00000 BTC at 65,003.00 USDT".
 *
 * @param {Order} order
 * @param {number} decimals
 */
function tradeOf(order, decimals) {
  const { base, quote } = assetsOf(order);
  const { average_price: average, filled_quantity: traded, quantity } = order;
  const price = roundedText(average ?? "0", decimals);
  const kind = quantity === null ? "budget" : order.status === "filled" ? "whole" : "part";
  return filled(TRADES[order.side][kind][fine(price) === fine(average ?? "0") ? 0 : 1], {
    filled: grouped(traded),
    amount: amountOf(grouped(kind === "part" ? (quantity ?? "") : traded), base),
    price: amountOf(grouped(price), quote),
    cost: amountOf(neat(spent(order)), quote),
  });
}

/**
 * What was not traded, or not spent.
 *
 * @param {Order} order
 */
function leftOf(order) {
  const { base, quote } = assetsOf(order);
  if (order.remaining_quantity !== null) {
    return amountOf(grouped(order.remaining_quantity), base);
  }
  const left = fine(order.quote_quantity ?? "0") - fine(spent(order));
  return amountOf(neat(toShortText(left, LIMIT_DECIMALS)), quote);
}

/** @param {Order} order */
function spent({ filled_quote: cost, fee }) {
  return toShortText(fine(cost) + fine(fee), LIMIT_DECIMALS);
}

/** @param {string} text */
function fine(text) {
  return exactUnits(text, LIMIT_DECIMALS);
}

/**
 * Why an order ended, in words; "" if it was asked to.
 *
 * @param {Pick<Order, "reason">} order
 */
export function reasonOf({ reason }) {
  return reason ? (REASONS[reason] ?? reason.toLowerCase().replaceAll("_", " ")) : "";
}
