// What the page knows. Whatever is shown by components is a signal; books and trades are painted from `live.js`.

import { computed, effect, signal } from "@preact/signals";
import { account } from "./session.js";

export const page = document.documentElement.dataset;
export const isDemo = page.demo === "yes";

export const markets = signal([]);
export const symbol = signal(page.symbol);
export const market = computed(
  () => markets.value.find((found) => found.symbol === symbol.value) ?? null,
);
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
/** Whether the list of markets is shown where there is no room for it beside the rest. */
export const isListOpen = signal(false);
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

const NOTICES_MAX = 3;
const NOTICE_MS = 6_000;
const STAYING = ["error", "keep"];
let noticeId = 0;

/** Shows a message, which assistive technology reads out; one goes by itself unless it is an error or to be kept. */
export function tell(text, kind = "info") {
  const notice = { id: (noticeId += 1), text, kind };
  const shown = [...notices.peek(), notice]; // an effect may tell something without following what is told
  // The oldest makes room, and one that stays only for others that stay.
  if (shown.length > NOTICES_MAX)
    shown.splice(
      Math.max(
        0,
        shown.findIndex((one) => !STAYING.includes(one.kind)),
      ),
      1,
    );
  notices.value = shown;
  if (!STAYING.includes(kind)) setTimeout(() => dismiss(notice.id), NOTICE_MS);
}

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
