// The facts about an order, each with its name: only those that it has. No input or output.

import { exactUnits, short, toShortText } from "#page/decimal.js";
import { timeText } from "#page/moments.js";
import { grouped } from "#page/numbers.js";
import { reasonOf } from "#page/reports.js";
import { gettext } from "#page/texts.js";
import { LIMIT_DECIMALS } from "#page/ticket.js";
import { groupRoleNames, typeNames } from "#page/words.js";
import { preventionNames, sideNames, statusNames, timeInForceNames } from "./words.js";

/**
 * @import { Order } from "#page/answers.d.ts"
 */

/** @typedef {{ name: string, text: string }} Line */
/** @typedef {[string, string | null | false]} Fact Without a text it is left out. */

/**
 * @param {Fact[]} facts
 * @returns {Line[]}
 */
function linesOf(facts) {
  return facts.flatMap(([name, text]) => (text ? [{ name, text }] : []));
}

/** @param {string} symbol */
function assetsOf(symbol) {
  const [base, quote] = symbol.split("/");
  return { base, quote };
}

/**
 * @param {string | null} amount
 * @param {string} asset
 */
function of(amount, asset) {
  return amount && `${grouped(amount)} ${asset}`;
}

/**
 * What was asked, in which terms.
 *
 * @param {Order} order
 */
export function termLines(order) {
  const { quote } = assetsOf(order.symbol);
  return linesOf([
    [gettext("Market"), order.symbol],
    [gettext("Side"), sideNames()[order.side]],
    [gettext("Type"), typeNames()[order.type]],
    [gettext("Group"), order.group_role && groupRoleNames()[order.group_role]],
    [gettext("Price"), of(order.price, quote) ?? gettext("market")],
    [gettext("Trigger"), of(order.stop_price, quote)],
    [gettext("Distance"), trailOf(order, quote)],
    [gettext("Triggered"), order.triggered_at && timeText(order.triggered_at)],
    [gettext("Furthest price"), of(order.protection_price, quote)],
    [gettext("Time in force"), timeInForceNames()[order.time_in_force]],
    [gettext("Expires"), order.expire_at && timeText(order.expire_at)],
    [gettext("Post only"), order.post_only && postOnlyOf(order)],
    [gettext("Own orders"), preventionNames()[order.self_trade_prevention]],
  ]);
}

/**
 * @param {Order} order
 * @param {string} quote
 */
function trailOf({ trailing_amount: amount, trailing_percent: percent }, quote) {
  return percent ? `${grouped(percent)} %` : of(amount, quote);
}

/** @param {Order} order */
function postOnlyOf({ reprice }) {
  return reprice ? gettext("Moved behind the other side") : gettext("Yes");
}

/**
 * How much was asked and traded.
 *
 * @param {Order} order
 */
export function sizeLines(order) {
  const { base, quote } = assetsOf(order.symbol);
  return linesOf([
    [gettext("Amount"), of(order.quantity, base)],
    [gettext("Budget"), of(order.quote_quantity, quote)],
    [gettext("Shown amount"), of(order.display_quantity, base)],
    [gettext("Filled"), of(order.filled_quantity, base)],
    [gettext("Remaining"), of(order.remaining_quantity, base)],
  ]);
}

/**
 * What came of it: its state, its cost, its times.
 *
 * @param {Order} order
 */
export function moneyLines(order) {
  const { quote } = assetsOf(order.symbol);
  const hasTraded = order.average_price !== null;
  const isEnd = ["filled", "cancelled", "expired", "rejected"].includes(order.status);
  return linesOf([
    [gettext("Status"), statusNames()[order.status]],
    [gettext("Reason"), whyOf(order)],
    [gettext("Average price"), hasTraded && of(order.average_price, quote)],
    [gettext("Cost"), hasTraded && of(short(order.filled_quote), quote)],
    [gettext("Fee"), hasTraded && of(short(order.fee), order.fee_asset)],
    [totalName(order), hasTraded && of(totalOf(order), quote)],
    [gettext("Placed"), timeText(order.created_at)],
    [isEnd ? gettext("Ended") : gettext("Last change"), timeText(order.updated_at)],
  ]);
}

/** @param {Order} order */
function whyOf(order) {
  if (order.reason) return reasonOf(order);
  return order.status === "cancelled" && gettext("it was cancelled by its owner");
}

/** @param {Order} order */
function totalName({ side }) {
  return side === "buy" ? gettext("Paid with the fee") : gettext("Received after the fee");
}

/** @param {Order} order */
function totalOf({ side, filled_quote: cost, fee }) {
  const [paid, taken] = [cost, fee].map((text) => exactUnits(text, LIMIT_DECIMALS));
  return toShortText(side === "buy" ? paid + taken : paid - taken, LIMIT_DECIMALS);
}
