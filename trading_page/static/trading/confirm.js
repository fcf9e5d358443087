// Asks before an order is sent: always, if that is wished, and whenever something about it is
// unusual.

import { effect, signal } from "@preact/signals";
import { html, onChecked } from "./html.js";
import { live } from "./live.js";
import { useBook } from "./refresh.js";
import { reviewOf } from "./review.js";
import { dialog, lastOf } from "./store.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Form } from "./ticket.js"
 */

/** @typedef {{ form: Form, market: Market, answer: (isWanted: boolean) => void }} Question */

const KEY = "ask before each order";

/** Whether every order is asked about. */
const isAlways = signal(stored() === "yes");
const question = signal(/** @type {Question | null} */ (null));

/**
 * Whether the order is to be sent. Asks if need be.
 *
 * @param {Form} form
 * @param {Market} market
 * @returns {Promise<boolean>}
 */
export async function isConfirmed(form, market) {
  const { isUnusual } = reviewOf(form, market, live.book, lastOf(market.symbol));
  if (!isAlways.peek() && !isUnusual) return true;
  return new Promise((resolve) => {
    question.value = { form, market, answer: resolve };
    dialog.value = "confirm";
  });
}

/** @param {boolean} isWanted */
function answer(isWanted) {
  const asked = question.peek();
  question.value = null;
  if (dialog.peek() === "confirm") dialog.value = "";
  asked?.answer(isWanted);
}

// A dialog that is closed, by whatever means, is a no.
effect(() => {
  if (dialog.value !== "confirm" && question.peek()) answer(false);
});

export function Confirmation() {
  const asked = question.value;
  useBook(asked !== null);
  if (!asked) return null;
  const { form, market } = asked;
  const { order, lines, warnings, isUnusual } = reviewOf(
    form,
    market,
    live.book,
    lastOf(market.symbol),
  );
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.repeat) event.preventDefault(); // the key that has opened it is held down
  };
  return html`
    <div class=${`confirm order ${form.side}`} onKeyDown=${onKey}>
      <p class="asked">${order}</p>
      ${
        warnings.length > 0 &&
        html`<div role="alert">
          <ul class="warnings">
            ${warnings.map((text) => html`<li>${text}</li>`)}
          </ul>
        </div>`
      }
      <dl class="preview">
        ${lines.map(
          ([name, text]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${text}</dd>
            </div>`,
        )}
      </dl>
      <${AskAlways} />
      <div class="answers">
        <button type="button" autofocus=${isUnusual} onClick=${() => answer(false)}>Back</button>
        <button type="button" class="submit" autofocus=${!isUnusual} onClick=${() => answer(true)}>
          ${form.side === "buy" ? "Buy" : "Sell"} ${market.base}
        </button>
      </div>
    </div>
  `;
}

/** The setting. */
export function AskAlways() {
  return html`
    <label class="check">
      <input type="checkbox" checked=${isAlways.value} onChange=${onChecked(askAlways)} />
      <span>Ask before each order</span>
    </label>
  `;
}

/** @param {boolean} isWished */
function askAlways(isWished) {
  isAlways.value = isWished;
  try {
    localStorage.setItem(KEY, isWished ? "yes" : "no");
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
