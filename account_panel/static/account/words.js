// Words of the account's lists that the page needs only when these are opened.

import { gettext } from "#page/texts.js";

/**
 * @import { Entry, Order, OwnTrade } from "#page/answers.d.ts"
 */

/** @returns {Record<Order["status"], string>} */
export function statusNames() {
  return {
    open: gettext("Open"),
    pending: gettext("Waiting"),
    partially_filled: gettext("Partly filled"),
    filled: gettext("Filled"),
    cancelled: gettext("Cancelled"),
    expired: gettext("Expired"),
    rejected: gettext("Rejected"),
  };
}

/** @returns {Record<Order["side"], string>} */
export function sideNames() {
  return { buy: gettext("Buy"), sell: gettext("Sell") };
}

/** @returns {Record<NonNullable<OwnTrade["role"]>, string>} */
export function roleNames() {
  return { maker: gettext("Maker"), taker: gettext("Taker") };
}

/** @returns {Record<Entry["kind"], string>} */
export function kindNames() {
  return {
    trade: gettext("Trade"),
    fee: gettext("Fee"),
    deposit: gettext("Deposit"),
    withdrawal: gettext("Withdrawal"),
    correction: gettext("Correction"),
    reserve: gettext("Reserved at the wallet"),
    release: gettext("Released to the wallet"),
  };
}

/** @returns {Record<Order["time_in_force"], string>} */
export function timeInForceNames() {
  return {
    gtc: gettext("Until cancelled"),
    ioc: gettext("At once or not (IOC)"),
    fok: gettext("All at once or not (FOK)"),
    gtd: gettext("Until a time"),
  };
}

/** @returns {Record<Order["self_trade_prevention"], string>} */
export function preventionNames() {
  return {
    cancel_newest: gettext("Cancel the new one"),
    cancel_oldest: gettext("Cancel the old one"),
    cancel_both: gettext("Cancel both"),
    decrement: gettext("Take both down"),
  };
}
