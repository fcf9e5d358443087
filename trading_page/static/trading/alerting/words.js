// Price alerts in words.

import { grouped } from "../numbers.js";
import { gettext } from "../texts.js";

/**
 * @import { Direction, PriceAlert } from "../thresholds.js"
 */

/** @returns {Record<Direction, string>} */
export function directionNames() {
  return { above: gettext("Rises to"), below: gettext("Falls to") };
}

/** @param {PriceAlert} alert */
export function awaited({ symbol, direction, price }) {
  const values = { market: symbol, price: grouped(price) };
  return direction === "above"
    ? gettext("{market} rises to {price}", values)
    : gettext("{market} falls to {price}", values);
}

/**
 * @param {PriceAlert} alert
 * @param {string | null} last
 */
export function reached({ symbol, direction, price }, last) {
  const values = { market: symbol, price: grouped(price), last: grouped(last ?? price) };
  return direction === "above"
    ? gettext("{market} has risen to {price}; its last price is {last}", values)
    : gettext("{market} has fallen to {price}; its last price is {last}", values);
}
