// What the tables of the account have in common.

import { signal } from "@preact/signals";
import { html } from "./html.js";
import { timeText } from "./moments.js";
import { dialog } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { ComponentChildren } from "preact"
 * @import { Order } from "./answers.d.ts"
 */

/** The id of the order whose details are shown. */
export const inspected = signal("");

/**
 * Opens the details of an order.
 *
 * @param {string} id
 */
export function inspect(id) {
  inspected.value = id;
  dialog.value = "order";
}

/**
 * Whether a click was meant for the row: not for what is in it, nor for selecting its text.
 *
 * @param {MouseEvent} event
 */
export function isOfRow({ target }) {
  const isOther = target instanceof Element && target.closest("button, a, input");
  return !isOther && getSelection()?.isCollapsed !== false;
}

/**
 * @param {{
 *   label: string,
 *   head: string[],
 *   rows: ComponentChildren[][],
 *   keys: string[],
 *   nothing?: ComponentChildren,
 * }} props
 */
export function Table({ label, head, rows, keys, nothing }) {
  if (rows.length === 0) return html`<div class="nothing">${nothing}</div>`;
  return html`
    <table aria-label=${label}>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells, index) =>
            html`<tr key=${keys[index]}>
              ${cells.map((cell, place) => html`<td data-name=${head[place]}>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{ time: string }} props */
export function When({ time }) {
  return html`<time datetime=${time} title=${time}>${timeText(time)}</time>`;
}

/**
 * The time of a row as what opens the order's details by keyboard.
 *
 * @param {{ time: string, id: string | null, name: string }} props
 */
export function Opener({ time, id, name }) {
  if (id === null) return html`<${When} time=${time} />`;
  return html`
    <button type="button" class="opener" onClick=${() => inspect(id)}>
      <${When} time=${time} /><span class="unseen"> ${gettext("Details: {name}", { name })}</span>
    </button>
  `;
}

/** @param {{ side: Order["side"] }} props */
export function Side({ side }) {
  return html`<span class=${side === "buy" ? "up" : "down"}
    >${side === "buy" ? gettext("Buy") : gettext("Sell")}</span
  >`;
}
