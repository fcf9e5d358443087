// What narrows the lists of the account, for the exchange and for what comes live. No input or
// output.

import { boundsOf, dayOf } from "./periods.js";

/**
 * @import { Period } from "./periods.js"
 */

/**
 * What can be chosen besides the period. "" is everything.
 *
 * @typedef {"symbol" | "side" | "type" | "status" | "role" | "asset" | "kind"} FilterName
 */
/** @typedef {Record<FilterName, string> & Period} Filters */
/** @typedef {Partial<Record<FilterName | "from" | "to" | "mine", string>>} Query */

/** @typedef {Record<string, unknown>} Item */

/** @type {Filters} */
export const NONE = {
  symbol: "",
  side: "",
  type: "",
  status: "",
  role: "",
  asset: "",
  kind: "",
  period: "",
  first: "",
  last: "",
};
/** @type {FilterName[]} */
const EXACT = ["symbol", "side", "type", "role", "asset", "kind"];
/** Of an order: what it does not become anything else after. */
export const ENDED = "filled,cancelled,expired,rejected";

/** @param {Filters} filters */
export function isNarrowed(filters) {
  const { period, first, last, ...chosen } = filters;
  const isBound = period === "days" ? Boolean(first || last) : period !== "";
  return isBound || Object.values(chosen).some(Boolean);
}

/**
 * What the exchange is asked.
 *
 * @param {Filters} filters
 * @param {number} now in ms
 * @param {string} zone
 * @returns {Query}
 */
export function queryOf(filters, now, zone) {
  const { period, first, last, ...chosen } = filters;
  const given = Object.entries(chosen).filter(([, value]) => value);
  return { ...Object.fromEntries(given), ...boundsOf({ period, first, last }, now, zone) };
}

/**
 * Whether the exchange would list an item that came live.
 *
 * @param {Query} query
 * @param {object} happening
 * @param {string} time the item's, by which the list goes
 */
export function isListed(query, happening, time) {
  const item = /** @type {Item} */ (happening);
  const { from = "", to = "~", status } = query;
  const isOfStatus = status === undefined || status.split(",").includes(String(item.status));
  return (
    time >= from && time < to && isOfStatus && EXACT.every((name) => isSame(query, item, name))
  );
}

/**
 * @param {Query} query
 * @param {Item} item
 * @param {FilterName} name
 */
function isSame(query, item, name) {
  return query[name] === undefined || item[name] === query[name];
}

/**
 * A file's name, which says what is in it: "orders-BTC-USDT-2026-11-01-to-2026-11-30.csv".
 *
 * @param {string} name
 * @param {Query} query
 * @param {number} now in ms
 * @param {string} zone
 */
export function fileName(name, query, now, zone) {
  const subject = (query.symbol ?? query.asset ?? "all").replace("/", "-");
  const chosen = /** @type {const} */ (["side", "type", "status", "role", "kind"])
    .map((key) => query[key])
    .filter((value) => value && value !== ENDED);
  const last = query.to ? dayOf(Date.parse(query.to) - 1, zone) : dayOf(now, zone);
  const days = query.from ? [dayOf(Date.parse(query.from), zone), "to", last] : ["until", last];
  return `${[name, subject, ...chosen, ...days].join("-")}.csv`;
}
