// What the page knows. Whatever is shown by components is a signal; books and trades are painted from `live.js`.

import { computed, effect, signal } from "@preact/signals";
import { account } from "./session.js";

export const page = document.documentElement.dataset;
export const isDemo = page.demo === "yes";

export const markets = signal([]);
export const symbol = signal(page.symbol);
export const market = computed(() => markets.value.find((found) => found.symbol === symbol.value) ?? null);
export const tradingState = signal("");
export const timeframe = signal("1m");

/** "connecting", "live", "reconnecting" or "recovered". */
export const connection = signal("connecting");

export const orders = signal([]); // open and pending ones, newest first
export const history = signal([]); // those that have ended, newest first
export const fills = signal([]); // own trades, newest first
export const balances = signal(new Map());

/** What the form is told from elsewhere: `{field: text}`, such as a price picked in the book. */
export const picked = signal(null);
/** Which dialog is open: "login", "help" or none. */
export const dialog = signal("");
export const notices = signal([]);

const tickers = new Map();

/** The ticker of a market as a signal; null until there is one. */
export function ticker(of) {
  if (!tickers.has(of)) tickers.set(of, signal(null));
  return tickers.get(of);
}

/** What is available of an asset, as a text; "0" when nothing is known. */
export function available(asset) {
  return balances.value.get(asset)?.available ?? "0";
}

let noticeId = 0;

/** Shows a message, which assistive technology reads out; one goes by itself unless it is an error or to be kept. */
export function tell(text, kind = "info") {
  const notice = { id: (noticeId += 1), text, kind };
  notices.value = [...notices.value.slice(-3), notice];
  if (kind !== "error" && kind !== "keep") setTimeout(() => dismiss(notice.id), 8_000);
}

export function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

// Nobody's orders stay on the screen after a logout.
effect(() => {
  if (account.value !== null) return;
  orders.value = [];
  history.value = [];
  fills.value = [];
  balances.value = new Map();
});
