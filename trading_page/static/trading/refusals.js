// What the exchange says when it refuses, in the language of the page. The exchange itself speaks
// English. No input or output.

import { grouped } from "./numbers.js";
import { filled, gettext } from "./texts.js";

/**
 * @import { Refusal } from "./api.js"
 */

const NUMBER = /^\d+(\.\d+)?$/;

/**
 * By the code of the refusal; its details fill them in. A test holds them to the exchange's own, in
 * orders/services/refusals.py.
 *
 * @type {Record<string, string>}
 */
const SENTENCES = {
  INSUFFICIENT_BALANCE: gettext("Not enough {asset}: {required} needed, {available} available"),
  MARKET_CLOSED: gettext("The market is closed"),
  MARKET_HALTED: gettext("The market is halted: orders can only be cancelled"),
  MARKET_PRE_OPEN: gettext(
    "The market has not opened yet: it accepts only stops and orders that can rest",
  ),
  TICK_SIZE: gettext("A price has to be a multiple of {tick_size}"),
  LOT_SIZE: gettext("An amount has to be a multiple of {lot_size}"),
  MIN_QUANTITY: gettext("At least {min_quantity} in one order"),
  MAX_QUANTITY: gettext("At most {max_quantity} in one order"),
  MIN_NOTIONAL: gettext("The order has to be worth at least {min_notional}"),
  RATE_LIMITED: gettext("Too many requests: try again in a moment"),
  DUPLICATE_ORDER_ID: gettext("There is already an order with this id"),
  TOO_MANY_ORDERS: gettext("Too many open orders in this market: cancel some first"),
  TOO_MANY_STOPS: gettext("Too many orders wait for a trigger in this market: cancel some first"),
  ALREADY_EXPIRED: gettext("The order had expired when it arrived"),
  NO_LAST_PRICE: gettext(
    "A trailing stop follows the last price, and this market has had no trade yet",
  ),
  PRICE_OUT_OF_BAND: gettext("The price is too far from the market"),
  STOP_WOULD_TRIGGER: gettext(
    "The last price has already passed the stop price: the order would trigger at once",
  ),
  POST_ONLY_WOULD_TRADE: gettext("The order is post-only, and it would trade at once"),
  SELF_TRADE: gettext("The order would first trade with one of your own"),
  INSUFFICIENT_LIQUIDITY: gettext("There is nothing to trade with inside the price band"),
  ORDER_LINKED: gettext(
    "The order closes what its bracket's entry fills: amend the quantity of the entry",
  ),
  TRIGGER_NOT_AMENDABLE: gettext("The order waits for no stop price that could be changed"),
  PRICE_NOT_AMENDABLE: gettext("The order has no limit price that could be changed"),
  QUANTITY_BELOW_FILLED: gettext(
    "The quantity includes what is filled, so it must be larger than that",
  ),
  ORDER_NOT_AMENDABLE: gettext("The order is no longer open"),
  ORDER_NOT_CANCELLABLE: gettext("The order is no longer open"),
  WALLET_UNAVAILABLE: gettext("The wallet cannot be reached; nothing was done, try again"),
  ENGINE_UNAVAILABLE: gettext("The market's engine is not available; nothing was done, try again"),
  OVERLOADED: gettext("Too many commands are waiting; nothing was done, try again"),
  TIMEOUT: gettext(
    "Not confirmed in time: ask for the order by its id; it is executed already or never will be",
  ),
};

/**
 * The sentence of a refusal: the page's own, by the code, where it has one; else the exchange's.
 *
 * @param {Pick<Refusal, "code" | "details" | "message">} refusal
 */
export function sentenceOf({ code, details, message }) {
  const sentence = filled(SENTENCES[code] ?? message, shown(details));
  return /\{\w+\}/.test(sentence) ? message : sentence; // a detail is missing
}

/**
 * Details as they are shown: numbers as the page writes them.
 *
 * @param {Refusal["details"]} details
 */
function shown(details) {
  const texts = Object.entries(details).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(
    texts.map(([name, text]) => [name, NUMBER.test(text) ? grouped(text) : text]),
  );
}
