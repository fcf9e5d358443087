// Price alerts: what one is, and when its price is reached. No input or output.

import { toUnits } from "./decimal.js";

/**
 * @import { Ticker } from "./store.js"
 */

/** @typedef {"above" | "below"} Direction From where it is to be reached: above is a rise to it. */
/** @typedef {{ id: string, symbol: string, direction: Direction, price: string }} PriceAlert */
/** @typedef {Pick<Ticker, "last" | "high" | "low">} Prices */

export const ALERTS_MAX = 50;
const DECIMALS = 18;

/**
 * Whether an alert's price is reached: the last price is there or beyond. Or it was since the
 * message before and has come back, which shows as a new extreme of the day: messages are some time
 * apart, and longer where the connection was lost.
 *
 * @param {PriceAlert} alert
 * @param {Prices} now
 * @param {Prices} [before] Of a moment when there was the alert.
 */
export function isReached({ direction, price }, now, before) {
  const limit = toUnits(price, DECIMALS);
  if (limit === null) return false;
  const sign = direction === "above" ? 1n : -1n;
  /** @param {string | null | undefined} text */
  const beyond = (text) => {
    const units = toUnits(text, DECIMALS);
    return units === null ? null : (units - limit) * sign;
  };
  const last = beyond(now.last);
  if (last !== null && last >= 0n) return true;
  if (!before) return false;
  const extreme = direction === "above" ? "high" : "low";
  const [reached, known] = [beyond(now[extreme]), beyond(before[extreme])];
  return reached !== null && reached >= 0n && (known === null || reached > known);
}

/**
 * From where a price is to be reached, seen from the last one; null where that does not tell.
 *
 * @param {string} price
 * @param {string | null | undefined} last
 * @returns {Direction | null}
 */
export function directionTo(price, last) {
  const [to, from] = [toUnits(price, DECIMALS), toUnits(last, DECIMALS)];
  if (to === null || from === null || to === from) return null;
  return to > from ? "above" : "below";
}

/**
 * The alerts with one more, each once; null when there are as many as can be.
 *
 * @param {PriceAlert[]} alerts
 * @param {PriceAlert} alert
 */
export function added(alerts, alert) {
  if (alerts.some((other) => isSame(other, alert))) return alerts;
  return alerts.length < ALERTS_MAX ? [...alerts, alert] : null;
}

/**
 * @param {PriceAlert} one
 * @param {PriceAlert} other
 */
function isSame(one, other) {
  const [price, otherPrice] = [one, other].map((alert) => toUnits(alert.price, DECIMALS));
  return one.symbol === other.symbol && one.direction === other.direction && price === otherPrice;
}

/**
 * Whether something that was kept is a list of alerts.
 *
 * @param {unknown} found
 */
export function areAlerts(found) {
  return Array.isArray(found) && found.length <= ALERTS_MAX && found.every(isAlert);
}

/** @param {unknown} found */
function isAlert(found) {
  const { id, symbol, direction, price } = /** @type {Partial<PriceAlert>} */ (found ?? {});
  return (
    typeof id === "string" &&
    typeof symbol === "string" &&
    (direction === "above" || direction === "below") &&
    typeof price === "string" &&
    toUnits(price, DECIMALS) !== null
  );
}
