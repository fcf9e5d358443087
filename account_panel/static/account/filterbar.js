// What narrows a list: one line of choices above it, on a phone behind a button.

import { useState } from "preact/hooks";
import { html, onValue } from "#page/html.js";
import { gettext, ngettext } from "#page/texts.js";
import { isNarrowed, NONE } from "./filters.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { ComponentChildren } from "preact"
 * @import { FilterName, Filters } from "./filters.js"
 */

/**
 * @typedef {{ name: FilterName, label: string, all: string, names: Record<string, string> }} Pick
 *   `all` is what stands for no choice.
 */

/**
 * @param {{
 *   label: string,
 *   filters: Signal<Filters>,
 *   picks: Pick[],
 *   children?: ComponentChildren,
 * }} props `children` stand at the end of the line.
 */
export function FilterBar({ label, filters, picks, children }) {
  const [isOpen, setOpen] = useState(false);
  const count = chosenCount(filters.value);
  /** @param {Partial<Filters>} fields */
  const change = (fields) => (filters.value = { ...filters.peek(), ...fields });
  return html`
    <div class=${`filters ${isOpen ? "open" : ""}`} role="search" aria-label=${label}>
      <button
        type="button"
        class="filters-button"
        aria-expanded=${isOpen}
        onClick=${() => setOpen(!isOpen)}
      >
        ${count === 0 ? gettext("Filters") : ngettext("{count} filter", "{count} filters", count)}
      </button>
      <div class="picks">
        ${picks.map(
          ({ name, label: title, all, names }) => html`
            <${Select}
              key=${name}
              label=${title}
              value=${filters.value[name]}
              names=${{ "": all, ...names }}
              take=${(/** @type {string} */ value) => change({ [name]: value })}
            />
          `,
        )}
        <${Days} filters=${filters.value} change=${change} />
        ${isNarrowed(filters.value) && html`<${Reset} filters=${filters} />`}
      </div>
      ${children}
    </div>
  `;
}

/** @param {Filters} filters */
function chosenCount(filters) {
  const { length } = Object.entries(filters).filter(([name, value]) => value && !isDay(name));
  return length;
}

/** @param {string} name */
function isDay(name) {
  return name === "first" || name === "last";
}

/** @param {{ filters: Signal<Filters> }} props */
export function Reset({ filters }) {
  return html`<button type="button" onClick=${() => (filters.value = NONE)}>
    ${gettext("Reset the filters")}
  </button>`;
}

/**
 * @param {{
 *   label: string,
 *   value: string,
 *   names: Record<string, string>,
 *   take: (value: string) => void,
 * }} props
 */
function Select({ label, value, names, take }) {
  return html`
    <select aria-label=${label} value=${value} onChange=${onValue(take)}>
      ${Object.entries(names).map(([key, name]) => html`<option value=${key}>${name}</option>`)}
    </select>
  `;
}

/** @returns {Record<Filters["period"], string>} */
function periodNames() {
  return {
    "": gettext("All dates"),
    today: gettext("Today"),
    week: gettext("7 days"),
    month: gettext("30 days"),
    days: gettext("From … to …"),
  };
}

/** @param {{ filters: Filters, change: (fields: Partial<Filters>) => void }} props */
function Days({ filters, change }) {
  const { period, first, last } = filters;
  const take = (/** @type {Filters["period"]} */ chosen) => change({ period: chosen });
  return html`
    <${Select} label=${gettext("Period")} value=${period} names=${periodNames()} take=${take} />
    ${
      period === "days" &&
      html`
        <input
          type="date"
          aria-label=${gettext("From this day")}
          value=${first}
          max=${last || undefined}
          onChange=${onValue((day) => change({ first: day }))}
        />
        <input
          type="date"
          aria-label=${gettext("To this day")}
          value=${last}
          min=${first || undefined}
          onChange=${onValue((day) => change({ last: day }))}
        />
      `
    }
  `;
}
