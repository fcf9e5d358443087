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

/**
 * A button with an icon, a path in a square of 16, in place of its name.
 *
 * @param {{
 *   label: string,
 *   icon: string,
 *   pressed?: boolean,
 *   expanded?: boolean,
 *   disabled?: boolean,
 *   onClick: () => void,
 * }} props
 */
export function ToolButton({ label, icon, pressed, expanded, disabled = false, onClick }) {
  return html`
    <button
      type="button"
      class="tool"
      title=${label}
      aria-label=${label}
      aria-pressed=${pressed}
      aria-expanded=${expanded}
      disabled=${disabled}
      onClick=${onClick}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d=${icon} fill="none" stroke="currentColor" stroke-width="1.5" />
      </svg>
    </button>
  `;
}
