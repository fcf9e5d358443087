// Asks before an order is moved to another price.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html, rendered } from "#page/html.js";
import { live } from "#page/live.js";
import { grouped } from "#page/numbers.js";
import { useBook } from "#page/refresh.js";
import { reviewOf } from "#page/review.js";
import { dialog, lastOf, market, orders } from "#page/store.js";
import { gettext } from "#page/texts.js";
import { amendedForm, lineText } from "./lines.js";

/**
 * @import { Market, Order } from "#page/answers.d.ts"
 * @import { Field, Line } from "./lines.js"
 */

/** @typedef {{ line: Line, order: Order, field: Field, price: string }} Amendment */
/** @typedef {Amendment & { answer: (isWanted: boolean) => void }} Question */

const question = signal(/** @type {Question | null} */ (null));

/**
 * Whether the order is to be moved.
 *
 * @param {Amendment} amendment
 * @returns {Promise<boolean>}
 */
export function isWanted(amendment) {
  return new Promise((resolve) => {
    question.value = { ...amendment, answer: resolve };
    dialog.value = "amend";
  });
}

/** @param {boolean} isYes */
function answer(isYes) {
  const asked = question.peek();
  question.value = null;
  if (dialog.peek() === "amend") dialog.value = "";
  asked?.answer(isYes);
}

// A dialog that is closed, by whatever means, is a no.
effect(() => {
  if (dialog.value !== "amend" && question.peek()) answer(false);
});

export function AmendmentQuestion() {
  const asked = question.value;
  useBook(asked !== null);
  const shown = market.value;
  if (!asked || !shown) return null;
  return html`<${Asked} ...${asked} market=${shown} />`;
}

/** @param {Question & { market: Market }} props */
function Asked({ line, order: before, field, price, market: shown }) {
  const order = orders.value.find(({ id }) => id === before.id);
  const form = amendedForm(order ?? before, field, price);
  const { lines, warnings, isUnusual } = reviewOf(form, shown, live.book, lastOf(shown.symbol));
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    /** @type {HTMLElement | null} */ (rendered(root).querySelector("[autofocus]"))?.focus();
  }, []); // the first time the dialog is open before its contents are there
  return html`
    <div ref=${root} class=${`confirm order ${line.side}`}>
      <p class="asked">${lineText(line, line.price)}</p>
      <${Warnings} texts=${order ? warnings : [gettext("The order has ended meanwhile.")]} />
      <dl class="preview">
        ${[...priceLines(field, line.price, price), ...lines].map(
          ([name, text]) =>
            html`<div>
              <dt>${name}</dt>
              <dd class="num">${text}</dd>
            </div>`,
        )}
      </dl>
      <div class="answers">
        <button type="button" autofocus=${isUnusual} onClick=${() => answer(false)}>
          ${gettext("Back")}
        </button>
        <button
          type="button"
          class="submit"
          autofocus=${!isUnusual}
          disabled=${!order}
          onClick=${() => answer(true)}
        >
          ${gettext("Move to {price}", { price: grouped(price) })}
        </button>
      </div>
    </div>
  `;
}

/** @param {{ texts: string[] }} props */
function Warnings({ texts }) {
  if (texts.length === 0) return null;
  return html`
    <div role="alert">
      <ul class="warnings">
        ${texts.map((text) => html`<li>${text}</li>`)}
      </ul>
    </div>
  `;
}

/**
 * What it was and what it is to be.
 *
 * @param {Field} field
 * @param {string} before
 * @param {string} after
 */
function priceLines(field, before, after) {
  const isTrigger = field === "stop_price";
  return [
    [isTrigger ? gettext("Trigger now") : gettext("Price now"), grouped(before)],
    [isTrigger ? gettext("New trigger") : gettext("New price"), grouped(after)],
  ];
}
