// What the tables of the account have in common.

import { html } from "./html.js";
import { gettext } from "./texts.js";
import { timeFormat } from "./times.js";

const WHEN = timeFormat({
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/**
 * @import { ComponentChildren } from "preact"
 * @import { Order } from "./answers.d.ts"
 */

/**
 * @param {{
 *   label: string,
 *   head: string[],
 *   rows: ComponentChildren[][],
 *   keys: string[],
 *   nothing: string,
 * }} props
 */
export function Table({ label, head, rows, keys, nothing }) {
  if (rows.length === 0) return html`<p class="nothing">${nothing}</p>`;
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
  return html`<time datetime=${time} title=${time}>${WHEN.format(new Date(time))}</time>`;
}

/** @param {{ side: Order["side"] }} props */
export function Side({ side }) {
  return html`<span class=${side === "buy" ? "up" : "down"}
    >${side === "buy" ? gettext("Buy") : gettext("Sell")}</span
  >`;
}
