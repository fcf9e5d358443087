// Words of the account's lists. No input or output.

import { gettext } from "../texts.js";

/**
 * @import { Order, OwnTrade } from "../answers.d.ts"
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

/** @returns {Record<NonNullable<OwnTrade["role"]>, string>} */
export function roleNames() {
  return { maker: gettext("Maker"), taker: gettext("Taker") };
}
