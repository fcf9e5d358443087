// The menu of the indicators: which are shown, and what is set of each.

import { useEffect, useRef, useState } from "preact/hooks";
import { Toggle } from "#page/controls.js";
import { html, onValue, rendered } from "#page/html.js";
import { style } from "#page/numbers.js";
import { gettext } from "#page/texts.js";
import {
  COLOURS,
  fresh,
  INDICATORS_MAX,
  kindNames,
  KINDS,
  numberProblems,
  shortName,
} from "./indicators.js";
import { indicators, volumeIsShown } from "./studies.js";

/**
 * @import { Indicator, Kind } from "./indicators.js"
 */

/** @param {{ close: () => void }} props */
export function IndicatorMenu({ close }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    rendered(root).focus();
    return () => before?.focus();
  }, []);
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  return html`
    <div
      ref=${root}
      class="chart-menu"
      role="group"
      aria-label=${gettext("Indicators")}
      tabindex="-1"
      onKeyDown=${onKey}
    >
      <header>
        <h3>${gettext("Indicators")}</h3>
        <button type="button" class="close" aria-label=${gettext("Close")} onClick=${close}>
          ×
        </button>
      </header>
      <${Toggle} label=${gettext("Volume")} value=${volumeIsShown} />
      ${indicators.value.map(
        (indicator) => html`<${Setting} key=${indicator.id} indicator=${indicator} />`,
      )}
      <${Adding} />
    </div>
  `;
}

function Adding() {
  const isFull = indicators.value.length >= INDICATORS_MAX;
  /** @param {Kind} kind */
  const add = (kind) => {
    indicators.value = [...indicators.peek(), fresh(kind, indicators.peek())];
  };
  return html`
    <div class="adding" role="group" aria-label=${gettext("Add an indicator")}>
      ${Object.entries(kindNames()).map(
        ([kind, name]) => html`
          <button type="button" disabled=${isFull} onClick=${() => add(/** @type {Kind} */ (kind))}>
            ${gettext("Add {indicator}", { indicator: name })}
          </button>
        `,
      )}
    </div>
    ${isFull && html`<p class="hint">${gettext("No more than {most} at once", { most: INDICATORS_MAX })}</p>`}
  `;
}

/** @param {{ indicator: Indicator }} props */
function Setting({ indicator }) {
  const name = kindNames()[indicator.kind];
  const label = shortName(indicator);
  /** @param {MouseEvent} event */
  const remove = (event) => {
    const menu = /** @type {HTMLElement} */ (event.currentTarget).closest(".chart-menu");
    /** @type {HTMLElement | null} */ (menu)?.focus(); // what had the focus goes
    indicators.value = indicators.peek().filter(({ id }) => id !== indicator.id);
  };
  return html`
    <fieldset class="indicator">
      <legend>${name}</legend>
      ${Object.keys(KINDS[indicator.kind].numbers).map(
        (key) => html`<${NumberField} key=${key} indicator=${indicator} name=${key} />`,
      )}
      <label class="field">
        <span>${gettext("Colour")}</span>
        <select
          value=${indicator.colour}
          onChange=${onValue((/** @type {Indicator["colour"]} */ colour) => change(indicator, { colour }))}
        >
          ${COLOURS.map((colour) => html`<option value=${colour}>${colourNames()[colour]}</option>`)}
        </select>
      </label>
      <i class=${`swatch ${indicator.colour}`} aria-hidden="true"></i>
      <button
        type="button"
        class="close"
        aria-label=${gettext("Remove {indicator}", { indicator: label })}
        onClick=${remove}
      >
        ×
      </button>
    </fieldset>
  `;
}

/**
 * What is no number that can be drawn stays in the field, and the line as it was.
 *
 * @param {{ indicator: Indicator, name: string }} props
 */
function NumberField({ indicator, name }) {
  const [typed, setTyped] = useState(style.typed(String(indicator.numbers[name])));
  const [error, setError] = useState("");
  const id = `indicator-${indicator.id}-${name}`;
  /** @param {string} text */
  const take = (text) => {
    setTyped(text);
    const plain = style.read(text);
    const numbers = { ...indicator.numbers, [name]: plain === null ? NaN : Number(plain) };
    const problems = numberProblems(indicator.kind, numbers);
    const [problem = ""] = Object.values(problems);
    setError(problems[name] ?? problem);
    if (!problem) change(indicator, { numbers });
  };
  return html`
    <label class="field">
      <span>${numberNames()[name]}</span>
      <input
        inputmode="decimal"
        value=${typed}
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${id}
        onInput=${onValue(take)}
      />
      <small id=${id} class="field-error" role="alert">${error}</small>
    </label>
  `;
}

/**
 * @param {Indicator} indicator
 * @param {Partial<Indicator>} fields
 */
function change(indicator, fields) {
  indicators.value = indicators
    .peek()
    .map((other) => (other.id === indicator.id ? { ...indicator, ...fields } : other));
}

/** @returns {Record<string, string>} */
function numberNames() {
  return {
    length: gettext("Length"),
    deviations: gettext("Deviations"),
    fast: gettext("Fast"),
    slow: gettext("Slow"),
    signal: gettext("Signal"),
  };
}

/** @returns {Record<Indicator["colour"], string>} */
function colourNames() {
  return {
    blue: gettext("Blue"),
    orange: gettext("Orange"),
    violet: gettext("Violet"),
    teal: gettext("Teal"),
    pink: gettext("Pink"),
    olive: gettext("Olive"),
  };
}
