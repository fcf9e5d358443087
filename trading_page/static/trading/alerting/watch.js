// Watches the prices of all markets for the alerts, and own trades for their sound, as messages come:
// in a hidden tab nothing is painted, but prices move. Of several tabs each tells, and one sounds.

import { effect } from "@preact/signals";
import { alerts, alertsSound, areNotified, fillsSound } from "../alerts.js";
import { onOccasion } from "../live.js";
import { tell } from "../notices.js";
import { ticker } from "../store.js";
import { isReached } from "../thresholds.js";
import { Twins } from "../twins.js";
import { play } from "./sounds.js";
import { reached } from "./words.js";

/**
 * @import { FillMessage } from "../live.js"
 * @import { Ticker } from "../store.js"
 * @import { PriceAlert } from "../thresholds.js"
 * @import { Channel } from "../twins.js"
 */

const LATE_MS = 10_000; // a trade of longer ago was missed, and makes no sound any more

/** @type {Map<string, Ticker>} The ticker before, by symbol. */
const seen = new Map();
/** @type {Set<string>} The ids of alerts that have fired here. */
const fired = new Set();
const alarms = new Twins(channel("alerts"), {
  onResult: (id, text) => tell(text, "keep", id),
});
const chimes = new Twins(channel("own trades"));

/** @param {string} name */
function channel(name) {
  if (!globalThis.BroadcastChannel) return null;
  return /** @type {Channel<string>} */ (new BroadcastChannel(name));
}

export function watch() {
  onOccasion((message) => {
    if (message.type === "ticker") look(message);
    else hear(message);
  });
  effect(() => {
    for (const alert of alerts.value) {
      const known = seen.get(alert.symbol) ?? ticker(alert.symbol).peek();
      if (known && isReached(alert, known)) fire(alert, known);
    }
  });
}

/** @param {Ticker} message */
function look(message) {
  const before = seen.get(message.symbol) ?? ticker(message.symbol).peek() ?? undefined;
  seen.set(message.symbol, message);
  for (const alert of alerts.peek()) {
    if (alert.symbol === message.symbol && isReached(alert, message, before)) fire(alert, message);
  }
}

/**
 * @param {PriceAlert} alert
 * @param {Ticker} now
 */
async function fire(alert, { last }) {
  if (fired.has(alert.id)) return;
  fired.add(alert.id);
  const text = reached(alert, last);
  tell(text, "keep", alert.id);
  alerts.value = alerts.peek().filter(({ id }) => id !== alert.id);
  await alarms.once(alert.id, async () => {
    if (alertsSound.peek()) play("alert");
    if (areNotified.peek()) notify(alert, text);
    return text;
  });
}

/**
 * @param {PriceAlert} alert
 * @param {string} text
 */
function notify({ id, symbol }, text) {
  if (globalThis.Notification?.permission !== "granted") return;
  try {
    new Notification(symbol, { body: text, tag: id }).onclick = () => focus();
  } catch {
    // On phones only service workers may; the page has told it.
  }
}

/** @param {FillMessage} message */
function hear({ id, order_id: order, executed_at: time }) {
  if (!fillsSound.peek() || Date.now() - Date.parse(time) > LATE_MS) return;
  chimes.once(`${id} ${order}`, async () => {
    play("fill");
    return "heard";
  });
}
