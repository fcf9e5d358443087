// What the account is worth and what its trades have brought. It is read after the login, after own
// trades, and whenever somebody who shows it says that it may have changed.

import { computed, effect, signal } from "@preact/signals";
import { account, ask } from "./session.js";
import { fills } from "./store.js";

/**
 * @import { Portfolio } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @typedef {{ side: "buy" | "sell", quantity: string, average: string }} Entry
 */

const SOON_MS = 300; // what belongs together comes together
const EVERY_MS = 3_000;

/** As the exchange told it last; null before that, and for nobody. */
export const portfolio = signal(/** @type {Portfolio | null} */ (null));

/**
 * The open positions by symbol: on which side, how much, and at which average price they were
 * entered. Empty until the exchange has counted all trades.
 */
export const entries = computed(() => {
  const found = portfolio.value;
  return new Map(found?.is_complete ? found.positions.flatMap(entryOf) : []);
});

/**
 * @param {Portfolio["positions"][number]} position
 * @returns {[string, Entry][]}
 */
function entryOf({ symbol, side, quantity, average_price: average }) {
  return side && average ? [[symbol, { side, quantity, average }]] : [];
}

let isDue = false;
let isBusy = false;
let nextAt = 0;

/** Says that the portfolio may have changed: it is read soon, but not more often than every 3 s. */
export function mayHaveChanged() {
  isDue = true;
  if (!isBusy) keepUp();
}

async function keepUp() {
  isBusy = true;
  while (isDue) {
    await pause(Math.max(SOON_MS, nextAt - Date.now()));
    isDue = false;
    nextAt = Date.now() + EVERY_MS;
    await read();
  }
  isBusy = false;
}

async function read() {
  const name = account.peek();
  if (name === null) return;
  /** @type {Answer<Portfolio> | null} */
  const answer = await ask("GET", "/portfolio").catch(() => null);
  if (account.peek() !== name) return;
  if (answer) portfolio.value = answer.data;
  if (answer && !answer.data.is_complete) nextAt = 0; // it goes on from where it stopped
  if (!answer?.data.is_complete) isDue = true;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

effect(() => {
  void fills.value; // read, so that the effect follows it
  if (account.value === null) portfolio.value = null;
  else mayHaveChanged();
});
