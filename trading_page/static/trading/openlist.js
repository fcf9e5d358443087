// How open orders are listed: which, in which order, and how far each is from the market. No input
// or output.

import { exactUnits, toText } from "./decimal.js";
import { newestFirst } from "./recent.js";
import { LIMIT_DECIMALS } from "./ticket.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

/** @typedef {{ symbol: string, side: "" | Order["side"] }} Narrowing "" is everything. */

/** @type {NonNullable<Order["group_role"]>[]} */
const ROLES = ["entry", "take_profit", "stop_loss", "oco_limit", "oco_stop"];

/**
 * The orders that are to be shown, newest first; those of an OCO or a bracket stand together, where
 * the newest of them would.
 *
 * @param {Order[]} orders
 * @param {Narrowing} narrowing
 */
export function listed(orders, { symbol, side }) {
  const shown = orders
    .filter((order) => (!symbol || order.symbol === symbol) && (!side || order.side === side))
    .sort(newestFirst((order) => order.created_at));
  /** @type {Map<string, Order[]>} */
  const groups = new Map();
  for (const order of shown) {
    const name = order.group_id ?? order.id;
    groups.set(name, [...(groups.get(name) ?? []), order]);
  }
  return [...groups.values()].flatMap((group) => group.sort(byRole));
}

/**
 * @param {Order} one
 * @param {Order} other
 */
function byRole(one, other) {
  return ROLES.indexOf(one.group_role ?? "entry") - ROLES.indexOf(other.group_role ?? "entry");
}

/**
 * How far the price at which an order acts is from the last one, in percent with a sign and two
 * decimals; null when either is not known.
 *
 * @param {Pick<Order, "status" | "price" | "stop_price">} order
 * @param {string | null} last
 */
export function distance({ status, price, stop_price: trigger }, last) {
  const target = status === "pending" ? (trigger ?? price) : price;
  if (!target || !last) return null;
  const [to, from] = [target, last].map((text) => exactUnits(text, LIMIT_DECIMALS));
  if (from === 0n) return null;
  return toText(((to - from) * 10_000n) / from, 2);
}
