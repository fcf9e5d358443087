// The dialog of the price alerts: one more for the market that is shown, and the list of all.

import { useRef, useState } from "preact/hooks";
import { alerts } from "../alerts.js";
import { toUnits } from "../decimal.js";
import { plainOf } from "../entry.js";
import { html, onValue, rendered } from "../html.js";
import { grouped, style } from "../numbers.js";
import { lastOf, market, ticker } from "../store.js";
import { gettext } from "../texts.js";
import { added, ALERTS_MAX, directionTo, isReached } from "../thresholds.js";
import { UNREADABLE } from "../ticket.js";
import { awaited, directionNames } from "./words.js";

/**
 * @import { Market } from "../answers.d.ts"
 * @import { Direction, PriceAlert } from "../thresholds.js"
 */

export function Alerts() {
  return html`
    <div class="alerts">
      ${market.value && html`<${NewAlert} market=${market.value} />`}
      <${List} />
      <p class="hint">
        ${gettext("Prices are watched while this page is open in a tab. Each alert is told once.")}
      </p>
    </div>
  `;
}

/** @param {{ market: Market }} props */
function NewAlert({ market: shown }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(/** @type {Direction | ""} */ (""));
  const [error, setError] = useState("");
  const last = ticker(shown.symbol).value?.last;
  const price = plainOf(typed);
  const direction = chosen || (directionTo(price, last) ?? "above");
  /** @param {Direction} wanted */
  const choose = (wanted) => setChosen(wanted);
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const id = `${Date.now()} ${shown.symbol}`;
    const alert = { id, symbol: shown.symbol, direction, price };
    const problem = problemOf(alert, shown);
    setError(problem);
    if (problem) {
      rendered(field).focus();
      return;
    }
    alerts.value = added(alerts.peek(), alert) ?? alerts.peek();
    setTyped("");
    setChosen("");
  };
  return html`
    <form class="new-alert" onSubmit=${submit} onInput=${() => setError("")} novalidate>
      <p>
        <b>${shown.symbol}</b>
        <span class="muted">
          ${last ? gettext("Last price {price}", { price: grouped(last) }) : gettext("No trade yet")}
        </span>
      </p>
      <select
        aria-label=${gettext("When the price")}
        value=${direction}
        onChange=${onValue(choose)}
      >
        ${Object.entries(directionNames()).map(
          ([key, name]) => html`<option value=${key}>${name}</option>`,
        )}
      </select>
      <input
        ref=${field}
        class="num"
        inputmode="decimal"
        autocomplete="off"
        autofocus
        aria-label=${gettext("Price in {asset}", { asset: shown.quote })}
        placeholder=${gettext("Price")}
        aria-invalid=${error ? "true" : "false"}
        aria-describedby="alert-error"
        value=${typed}
        onInput=${onValue(setTyped)}
      />
      <button type="submit" class="primary">${gettext("Set")}</button>
      <p class="field-error" id="alert-error" role="alert">${error}</p>
    </form>
  `;
}

/**
 * What is wrong with an alert; "" if nothing.
 *
 * @param {PriceAlert} alert
 * @param {Market} shown
 */
function problemOf(alert, shown) {
  const units = toUnits(alert.price, shown.price_decimals);
  if (alert.price === UNREADABLE) return style.rule;
  if (alert.price === "") return gettext("Give a price");
  if (!units) {
    return gettext("A price has at most {count} decimals and is above 0", {
      count: shown.price_decimals,
    });
  }
  if (isReached(alert, { last: lastOf(alert.symbol), high: null, low: null })) {
    return gettext("The price is there already");
  }
  if (added(alerts.peek(), alert)) return "";
  return gettext("There can be {count} alerts: delete one first", { count: ALERTS_MAX });
}

function List() {
  const shown = alerts.value;
  if (!shown.length) {
    return html`<p class="nothing">
      ${gettext("No alerts yet. Set a price above, and the page tells you when it is reached.")}
    </p>`;
  }
  return html`
    <ul aria-label=${gettext("Price alerts")}>
      ${shown.map((alert) => html`<${Item} key=${alert.id} alert=${alert} />`)}
    </ul>
  `;
}

/** @param {{ alert: PriceAlert }} props */
function Item({ alert }) {
  const text = awaited(alert);
  const last = ticker(alert.symbol).value?.last;
  const remove = () => (alerts.value = alerts.peek().filter(({ id }) => id !== alert.id));
  return html`
    <li>
      <span>${text}</span>
      <span class="muted">${last && gettext("now {price}", { price: grouped(last) })}</span>
      <button
        type="button"
        class="close"
        aria-label=${gettext("Delete: {alert}", { alert: text })}
        onClick=${remove}
      >
        ×
      </button>
    </li>
  `;
}
