// What types of orders and their roles in a group are called. No input or output.

import { gettext } from "./texts.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

/** @returns {Record<Order["type"], string>} */
export function typeNames() {
  return {
    limit: gettext("Limit"),
    market: gettext("Market"),
    stop: gettext("Stop market"),
    stop_limit: gettext("Stop limit"),
    take_profit: gettext("Take-profit market"),
    take_profit_limit: gettext("Take-profit limit"),
    trailing_stop: gettext("Trailing stop"),
  };
}

/** @returns {Record<NonNullable<Order["group_role"]>, string>} */
export function groupRoleNames() {
  return {
    oco_limit: gettext("OCO: limit"),
    oco_stop: gettext("OCO: stop"),
    entry: gettext("Bracket: entry"),
    take_profit: gettext("Bracket: take-profit"),
    stop_loss: gettext("Bracket: stop-loss"),
  };
}
