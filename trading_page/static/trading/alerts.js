// Price alerts: where they are kept, and the buttons that lead to them. What watches prices and
// makes sounds is loaded once there is something to watch or to be heard.

import { effect } from "@preact/signals";
import { html } from "./html.js";
import { preference, toggle } from "./preferences.js";
import { dialog, symbol } from "./store.js";
import { gettext, ngettext } from "./texts.js";
import { areAlerts } from "./thresholds.js";

/**
 * @import { PriceAlert } from "./thresholds.js"
 */

const RETRY_MS = 10_000;

export const alerts = preference("price alerts", /** @type {PriceAlert[]} */ ([]), areAlerts);
export const alertsSound = toggle("sound of price alerts", false);
export const fillsSound = toggle("sound of own trades", false);
/** Whether the system is told of alerts, too, if it permits that. */
export const areNotified = toggle("notifications of the system", false);

export function followAlerts() {
  let isLoading = false;
  const load = async () => {
    isLoading = true;
    try {
      (await import("./alerting/watch.js")).watch();
    } catch {
      setTimeout(load, RETRY_MS);
    }
  };
  effect(() => {
    if ((alerts.value.length || fillsSound.value) && !isLoading) load();
  });
}

/** Beside the last price: an alert for this market. */
export function AlertButton() {
  const label = gettext("Price alert for {market}", { market: symbol.value });
  return html`<${Bell} label=${label} isOn=${isWatched(symbol.value)} />`;
}

/** In the list of markets: all alerts. */
export function AlertsButton() {
  const count = alerts.value.length;
  const label = count
    ? ngettext("{count} price alert", "{count} price alerts", count)
    : gettext("Price alerts");
  return html`<${Bell} label=${label} isOn=${count > 0} />`;
}

/** @param {string} name */
function isWatched(name) {
  return alerts.value.some((alert) => alert.symbol === name);
}

/** @param {{ label: string, isOn: boolean }} props */
function Bell({ label, isOn }) {
  return html`
    <button
      type="button"
      class=${`icon bell ${isOn ? "on" : ""}`}
      title=${label}
      aria-label=${label}
      onClick=${() => (dialog.value = "alerts")}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="M8 1.5a4 4 0 0 0-4 4c0 4-1.5 5-1.5 6h11c0-1-1.5-2-1.5-6a4 4 0 0 0-4-4ZM6.5 13a1.5 1.5 0 0 0 3 0"
        />
      </svg>
    </button>
  `;
}
