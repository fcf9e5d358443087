// A number of the order form: its field, its unit, and what is understood of what was typed.

import { stepped, typedOf, understood } from "./entry.js";
import { html, onValue } from "./html.js";
import { live } from "./live.js";
import { gettext } from "./texts.js";
import { isMoney, LABELS, OPTIONAL, stepOf } from "./ticket.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Typed } from "./entry.js"
 * @import { Form, NumberName } from "./ticket.js"
 */

/** @typedef {(fields: Partial<Typed>) => void} Change */
/**
 * `typed` is what the fields show, `form` what it means.
 *
 * @typedef {{ typed: Typed, form: Form, market: Market, change: Change }} PartProps
 */

/** @param {string} name */
export function idOf(name) {
  return `order-${name.replace(".", "-")}`;
}

/** @param {PartProps & { name: NumberName, error?: string, hint?: string }} props */
export function NumberField({ name, typed, form, market, error, change, hint }) {
  const id = idOf(name);
  /** @param {string} text */
  const type = (text) => change({ [name]: text });
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const by = event.key === "ArrowUp" ? 1n : event.key === "ArrowDown" ? -1n : null;
    if (by === null || name === "trailing_percent" || isMoney(name)) return;
    event.preventDefault();
    const plain = stepped(form[name], by, name, market);
    if (plain !== null) change(typedOf({ [name]: plain }));
  };
  return html`
    <div class=${`field ${error ? "wrong" : ""}`}>
      <div class="labels">
        <label for=${id}
          >${LABELS[name]}${OPTIONAL.has(name) && html`<small> ${hint ?? gettext("optional")}</small>`}</label
        >
        <${Understood} id=${`${id}-understood`} name=${name} plain=${form[name]} market=${market} />
      </div>
      <div class="input">
        <input
          id=${id}
          name=${name}
          type="text"
          inputmode="decimal"
          value=${typed[name]}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${`${id}-understood ${id}-error`}
          onInput=${onValue(type)}
          onKeyDown=${onKey}
        />
        <${Unit} name=${name} typed=${typed} form=${form} market=${market} change=${change} />
        ${name === "price" && html`<${BestPrices} change=${change} />`}
      </div>
      <p class="field-error" id=${`${id}-error`} role="alert">${error}</p>
    </div>
  `;
}

/**
 * What is understood of what was typed, beside it: nobody has to guess how a comma is read.
 *
 * @param {{ id?: string, name: NumberName, plain: string, market: Market }} props
 */
export function Understood({ id, name, plain, market }) {
  return html`<span id=${id} class="understood">${understood(name, plain, market)}</span>`;
}

/**
 * Takes the best price of a side of the book, as it is when it is asked for.
 *
 * @param {{ change: Change }} props
 */
function BestPrices({ change }) {
  const sides = /** @type {const} */ ([
    [gettext("Bid"), gettext("Take the best bid as the price"), "bids"],
    [gettext("Ask"), gettext("Take the best ask as the price"), "asks"],
  ]);
  return sides.map(
    ([label, what, side]) => html`
      <button
        type="button"
        class="best"
        aria-label=${what}
        onClick=${() => {
          const [best] = live.book[side];
          if (best) change(typedOf({ price: best[0] }));
        }}
      >
        ${label}
      </button>
    `,
  );
}

/**
 * In what a number is counted; where there is a choice, to choose it.
 *
 * @param {PartProps & { name: NumberName }} props
 */
function Unit({ name, form, market, change }) {
  /** @param {Form["sizeBy"]} sizeBy */
  const chooseSize = (sizeBy) => change({ sizeBy });
  /** @param {Form["trailBy"]} trailBy */
  const chooseTrail = (trailBy) => change({ trailBy });
  const isSize = name === "quantity" || name === "quote_quantity";
  if (isSize && form.type === "market" && form.side === "buy") {
    return html`
      <select
        aria-label=${gettext("Size of the order in")}
        value=${form.sizeBy}
        onChange=${onValue(chooseSize)}
      >
        <option value="quantity">${market.base}</option>
        <option value="quote_quantity">${market.quote}</option>
      </select>
    `;
  }
  if (name.startsWith("trailing")) {
    return html`
      <select
        aria-label=${gettext("Distance in")}
        value=${form.trailBy}
        onChange=${onValue(chooseTrail)}
      >
        <option value="trailing_percent">%</option>
        <option value="trailing_amount">${market.quote}</option>
      </select>
    `;
  }
  return html`<span class="unit" aria-hidden="true">${stepOf(name, market).asset}</span>`;
}
