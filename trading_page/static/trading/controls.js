// Controls that set a signal.

import { html, onChecked, onValue } from "./html.js";

/**
 * @import { Signal } from "@preact/signals"
 */

/**
 * Yes or no.
 *
 * @param {{ label: string, value: Signal<boolean> }} props
 */
export function Toggle({ label, value }) {
  const take = (/** @type {boolean} */ isOn) => (value.value = isOn);
  return html`
    <label class="check">
      <input type="checkbox" checked=${value.value} onChange=${onChecked(take)} />
      <span>${label}</span>
    </label>
  `;
}

/**
 * One of a few.
 *
 * @template {string} Value
 * @param {{ label: string, value: Signal<Value>, names: Record<Value, string> }} props
 */
export function Choice({ label, value, names }) {
  const take = (/** @type {Value} */ chosen) => (value.value = chosen);
  return html`
    <label class="field">
      <span>${label}</span>
      <select value=${value.value} onChange=${onValue(take)}>
        ${Object.entries(names).map(([key, name]) => html`<option value=${key}>${name}</option>`)}
      </select>
    </label>
  `;
}
