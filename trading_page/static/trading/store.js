// What the page knows. Whatever is shown by components is a signal; books and trades are painted
// from `live.js`.

import { computed, effect, signal } from "@preact/signals";
import { account } from "./session.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { MarketMessage } from "../streams/messages.d.ts"
 * @import { Timeframe } from "../streams/stream.js"
 * @import { Balance, Market, Order, OwnFees, OwnTrade } from "./answers.d.ts"
 * @import { ConnectionState } from "./connection.js"
 * @import { Form } from "./ticket.js"
 */

/** @typedef {Extract<MarketMessage, { type: "ticker" }>} Ticker */
/** @typedef {"login" | "help" | "settings" | "alerts" | "confirm" | "amend" | "order"} DialogName */
/** @typedef {Required<OwnTrade>} Fill An own trade, with all that is told to its owner. */

export const page = document.documentElement.dataset;
export const isDemo = page.demo === "yes";

export const markets = signal(/** @type {Market[]} */ ([]));
export const symbol = signal(page.symbol ?? "");
export const market = computed(() => marketOf(symbol.value));
export const tradingState = signal(/** @type {Market["trading_state"] | ""} */ (""));
export const timeframe = signal(/** @type {Timeframe} */ ("1m"));

export const connection = signal(/** @type {ConnectionState} */ ("connecting"));

/** Open and pending orders, newest first. */
export const orders = signal(/** @type {Order[]} */ ([]));
/** Orders that have ended, newest first. */
export const history = signal(/** @type {Order[]} */ ([]));
/** Own trades, newest first. */
export const fills = signal(/** @type {Fill[]} */ ([]));
/** By asset. */
export const balances = signal(/** @type {Map<string, Balance>} */ (new Map()));

/** What the account pays, by symbol. */
export const fees = signal(/** @type {Map<string, OwnFees>} */ (new Map()));

/** What is going on with the order that was sent, in words; null when there is none. */
export const pending = signal(/** @type {string | null} */ (null));

/** What the form is told from elsewhere, such as a price picked in the book. */
export const picked = signal(/** @type {Partial<Form> | null} */ (null));
/** Whether the list of markets is shown where there is no room for it beside the rest. */
export const isListOpen = signal(false);
/** Which dialog is open. */
export const dialog = signal(/** @type {DialogName | ""} */ (""));

/**
 * The market of a symbol; null until the markets are known.
 *
 * @param {string} name
 */
export function marketOf(name) {
  return markets.value.find((found) => found.symbol === name) ?? null;
}

/**
 * An order as the page has shown it last.
 *
 * @param {string} id
 */
export function knownOrder(id) {
  return [...orders.peek(), ...history.peek()].find((order) => order.id === id);
}

/** @type {Map<string, Signal<Ticker | null>>} */
const tickers = new Map();

/**
 * The ticker of a market as a signal; null until there is one.
 *
 * @param {string} of
 */
export function ticker(of) {
  const known = tickers.get(of);
  if (known) return known;
  const fresh = signal(/** @type {Ticker | null} */ (null));
  tickers.set(of, fresh);
  return fresh;
}

/**
 * The last price of a market; null before the first trade. Follows nothing.
 *
 * @param {string} of
 */
export function lastOf(of) {
  return ticker(of).peek()?.last ?? null;
}

/**
 * What is available of an asset, as a text; "0" when nothing is known.
 *
 * @param {string} asset
 */
export function available(asset) {
  return balances.value.get(asset)?.available ?? "0";
}

// Nobody's orders stay on the screen after a logout.
effect(() => {
  if (account.value !== null) return;
  orders.value = [];
  history.value = [];
  fills.value = [];
  balances.value = new Map();
  fees.value = new Map();
});
