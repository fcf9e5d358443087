// Asks before an order is sent: always, if that is wished, and whenever something about it is
// unusual.

import { effect, signal } from "@preact/signals";
import { Toggle } from "./controls.js";
import { html } from "./html.js";
import { live } from "./live.js";
import { isAskedAlways } from "./options.js";
import { useBook } from "./refresh.js";
import { reviewOf } from "./review.js";
import { dialog, lastOf } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Form } from "./ticket.js"
 */

/** @typedef {{ form: Form, market: Market, answer: (isWanted: boolean) => void }} Question */

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
  if (!isAskedAlways.peek() && !isUnusual) return true;
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
      <${Toggle} label=${gettext("Ask before each order")} value=${isAskedAlways} />
      <div class="answers">
        <button type="button" autofocus=${isUnusual} onClick=${() => answer(false)}>
          ${gettext("Back")}
        </button>
        <button type="button" class="submit" autofocus=${!isUnusual} onClick=${() => answer(true)}>
          ${
            form.side === "buy"
              ? gettext("Buy {asset}", { asset: market.base })
              : gettext("Sell {asset}", { asset: market.base })
          }
        </button>
      </div>
    </div>
  `;
}
