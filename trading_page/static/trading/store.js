// What the page knows. Whatever is shown by components is a signal; books and trades are painted
// from `live.js`.

import { computed, effect, signal } from "@preact/signals";
import { account } from "./session.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { MarketMessage } from "../streams/messages.d.ts"
 * @import { Timeframe } from "../streams/stream.js"
 * @import { Balance, Market, Order, OwnTrade } from "./answers.d.ts"
 * @import { ConnectionState } from "./connection.js"
 * @import { Form } from "./ticket.js"
 */

/** @typedef {Extract<MarketMessage, { type: "ticker" }>} Ticker */
/** @typedef {Required<OwnTrade>} Fill An own trade, with all that is told to its owner. */
/** @typedef {"info" | "done" | "error" | "keep" | Order["side"]} NoticeKind */
/** @typedef {{ id: number, text: string, kind: NoticeKind }} Notice */

export const page = document.documentElement.dataset;
export const isDemo = page.demo === "yes";

export const markets = signal(/** @type {Market[]} */ ([]));
export const symbol = signal(page.symbol ?? "");
export const market = computed(
  () => markets.value.find((found) => found.symbol === symbol.value) ?? null,
);
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

/** What the form is told from elsewhere, such as a price picked in the book. */
export const picked = signal(/** @type {Partial<Form> | null} */ (null));
/** Whether the list of markets is shown where there is no room for it beside the rest. */
export const isListOpen = signal(false);
/** Which dialog is open. */
export const dialog = signal(/** @type {"login" | "help" | ""} */ (""));
export const notices = signal(/** @type {Notice[]} */ ([]));

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
 * What is available of an asset, as a text; "0" when nothing is known.
 *
 * @param {string} asset
 */
export function available(asset) {
  return balances.value.get(asset)?.available ?? "0";
}

const NOTICES_MAX = 3;
const NOTICE_MS = 6_000;
/** @type {NoticeKind[]} */
const STAYING = ["error", "keep"];
let noticeId = 0;

/**
 * Shows a message, which assistive technology reads out; one goes by itself unless it is an error
 * or to be kept.
 *
 * @param {string} text
 * @param {NoticeKind} kind
 */
export function tell(text, kind = "info") {
  const notice = { id: (noticeId += 1), text, kind };
  // Not `value`: an effect may tell something without following what is told.
  const shown = [...notices.peek(), notice];
  if (shown.length > NOTICES_MAX) {
    // The oldest makes room, and one that stays only for others that stay.
    const passing = shown.findIndex((one) => !STAYING.includes(one.kind));
    shown.splice(Math.max(0, passing), 1);
  }
  notices.value = shown;
  if (!STAYING.includes(kind)) setTimeout(() => dismiss(notice.id), NOTICE_MS);
}

/** @param {number} id */
export function dismiss(id) {
  notices.value = notices.peek().filter((notice) => notice.id !== id);
}

// Nobody's orders stay on the screen after a logout.
effect(() => {
  if (account.value !== null) return;
  orders.value = [];
  history.value = [];
  fills.value = [];
  balances.value = new Map();
});
