// Cancelling all open orders that are shown.

import { useState } from "preact/hooks";
import { query, Refusal } from "./api.js";
import { attempt } from "./attempts.js";
import { html } from "./html.js";
import { tell } from "./notices.js";
import { ask } from "./session.js";
import { gettext, ngettext } from "./texts.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @import { Narrowing } from "./openlist.js"
 */

const KEY = "cancel all"; // of its notice
const AT_ONCE = 8; // requests

/**
 * Asks once more: there is no way back.
 *
 * @param {{ list: Order[], narrowing: Narrowing }} props
 */
export function CancelAll({ list, narrowing }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const { symbol, side } = narrowing;
  const cancel = async () => {
    setAsking(false);
    setBusy(true);
    if (side) await cancelEach(list);
    else await cancelAll(symbol);
    setBusy(false);
  };
  if (!isAsking) {
    const label = symbol || side ? gettext("Cancel these") : gettext("Cancel all");
    return html`<button type="button" disabled=${isBusy} onClick=${() => setAsking(true)}>
      ${label}
    </button>`;
  }
  return html`
    <button type="button" class="danger" onClick=${cancel}>
      ${gettext("Cancel {count}", { count: list.length })}
    </button>
    <button type="button" onClick=${() => setAsking(false)}>${gettext("Keep")}</button>
  `;
}

/** @param {string} symbol "" is all markets. */
async function cancelAll(symbol) {
  const isDone = await attempt(
    () => ask("DELETE", `/orders${query({ symbol: symbol || undefined })}`),
    (text) => tell(text, "error", KEY),
  );
  if (!isDone) return;
  const text = symbol
    ? gettext("All open orders in {market} are cancelled", { market: symbol })
    : gettext("All open orders are cancelled");
  tell(text, "info", KEY);
}

/**
 * The exchange cancels by market; those of a side are cancelled one by one. A leg may have gone with
 * the other of its group.
 *
 * @param {Order[]} list
 */
async function cancelEach(list) {
  const left = [...list];
  let problem = "";
  const work = async () => {
    for (let order = left.shift(); order; order = left.shift()) {
      const { id } = order;
      await attempt(
        () => cancelOne(id),
        (text) => (problem = text),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const count = list.length;
  const done = ngettext("{count} order is cancelled", "{count} orders are cancelled", count);
  tell(problem || done, problem ? "error" : "info", KEY);
}

/** @param {string} id */
async function cancelOne(id) {
  await ask("DELETE", `/orders/${id}`).catch((error) => {
    const hasEnded = error instanceof Refusal && error.code === "ORDER_NOT_CANCELLABLE";
    if (!hasEnded) throw error;
  });
}
