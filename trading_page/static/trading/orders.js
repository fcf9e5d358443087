// Open orders: cancel one or all, amend one where it stands.

import { useEffect, useRef, useState } from "preact/hooks";
import { NoAnswer, Refusal } from "./api.js";
import { grouped } from "./decimal.js";
import { html, onValue, rendered } from "./html.js";
import { ask } from "./session.js";
import { orders, tell } from "./store.js";
import { Side, When } from "./table.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

const PRICED = ["limit", "stop_limit", "take_profit_limit"];
const HEAD = ["Time", "Market", "Side", "Type", "Price", "Trigger", "Filled", "Amount"];

export function OpenOrders() {
  const [amended, setAmended] = useState(/** @type {string | null} */ (null));
  const list = orders.value;
  if (list.length === 0) return html`<p class="nothing">No open orders</p>`;
  return html`
    <table aria-label="Open orders">
      <thead>
        <tr>
          ${HEAD.map((name) => html`<th scope="col">${name}</th>`)}
          <th scope="col" class="actions">
            <span class="unseen">Actions</span><${CancelAll} count=${list.length} />
          </th>
        </tr>
      </thead>
      <tbody>
        ${list.map((order) =>
          amended === order.id
            ? html`<${AmendRow}
                key=${`${order.id} amended`}
                order=${order}
                close=${() => setAmended(null)}
              />`
            : html`<${OrderRow}
                key=${order.id}
                order=${order}
                amend=${() => setAmended(order.id)}
              />`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{ order: Order, amend: () => void }} props */
function OrderRow({ order, amend }) {
  return html`
    <tr>
      <${Cells} order=${order} />
      <td data-name="Price">${order.price ? grouped(order.price) : "market"}</td>
      <td data-name="Trigger"><${Trigger} order=${order} /></td>
      <td data-name="Filled">${order.filled_quantity}</td>
      <td data-name="Amount">
        ${order.quantity ?? `${order.quote_quantity} ${order.symbol.split("/")[1]}`}
      </td>
      <td class="actions">
        ${
          isAmendable(order) &&
          html`
            <button type="button" onClick=${amend} aria-label=${`Amend ${nameOf(order)}`}>
              Amend
            </button>
          `
        }
        <${Cancel} order=${order} />
      </td>
    </tr>
  `;
}

/** @param {{ order: Order }} props */
function Cells({ order }) {
  const notes = [
    order.status === "pending" && "waits",
    order.post_only && "post only",
    order.display_quantity && "iceberg",
    order.group_role?.replace("_", " "),
  ];
  return html`
    <td data-name="Time"><${When} time=${order.created_at} /></td>
    <td data-name="Market">${order.symbol}</td>
    <td data-name="Side"><${Side} side=${order.side} /></td>
    <td data-name="Type">
      ${order.type.replaceAll("_", " ")}${" "}<small class="reason"
        >${notes.filter(Boolean).join(", ")}</small
      >
    </td>
  `;
}

/** @param {{ order: Order }} props */
function Trigger({ order }) {
  if (order.trailing_amount) return `${order.trailing_amount} behind`;
  if (order.trailing_percent) return `${order.trailing_percent} % behind`;
  return order.stop_price ? grouped(order.stop_price) : "–";
}

/**
 * Legs of a group are not; of an order at market there is no price to change.
 *
 * @param {Order} order
 */
function isAmendable(order) {
  return order.group_id === null && order.quantity !== null;
}

/** @param {Order} order */
function nameOf({ side, quantity, quote_quantity: budget, symbol, price }) {
  return `${side} ${quantity ?? budget} ${symbol}${price ? ` at ${price}` : ""}`;
}

/** @param {{ order: Order, close: () => void }} props */
function AmendRow({ order, close }) {
  const [price, setPrice] = useState(order.price ?? "");
  const [quantity, setQuantity] = useState(order.quantity ?? "");
  const [error, setError] = useState("");
  const isPriced = PRICED.includes(order.type);
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => rendered(row).querySelector("input")?.focus(), []);
  /** @param {SubmitEvent} event */
  const save = async (event) => {
    event.preventDefault();
    /** @type {{ price?: string, quantity?: string }} */
    const changes = {};
    if (isPriced && price !== order.price) changes.price = price;
    if (quantity !== order.quantity) changes.quantity = quantity;
    const send = () => ask("PATCH", `/orders/${order.id}`, changes);
    if (Object.keys(changes).length === 0 || (await attempt(send, setError))) close();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key === "Escape") close();
  };
  return html`
    <tr ref=${row} class="amending" onKeyDown=${onKey}>
      <${Cells} order=${order} />
      <td data-name="Price">
        ${
          isPriced
            ? html`
                <input
                  form="amend"
                  aria-label="New price"
                  inputmode="decimal"
                  value=${price}
                  onInput=${onValue(setPrice)}
                />
              `
            : "market"
        }
      </td>
      <td data-name="Trigger"><${Trigger} order=${order} /></td>
      <td data-name="Filled">${order.filled_quantity}</td>
      <td data-name="Amount">
        <input
          form="amend"
          aria-label="New amount"
          inputmode="decimal"
          value=${quantity}
          onInput=${onValue(setQuantity)}
        />
      </td>
      <td class="actions">
        <form id="amend" onSubmit=${save}>
          <button type="submit" class="primary">Save</button>
          <button type="button" onClick=${close}>Back</button>
        </form>
        <p class="field-error" role="alert">${error}</p>
      </td>
    </tr>
  `;
}

/** @param {{ order: Order }} props */
function Cancel({ order }) {
  const [isBusy, setBusy] = useState(false);
  const cancel = async () => {
    setBusy(true);
    await attempt(
      () => ask("DELETE", `/orders/${order.id}`),
      (text) => tell(text, "error"),
    );
    setBusy(false);
  };
  return html`<button
    type="button"
    disabled=${isBusy}
    onClick=${cancel}
    aria-label=${`Cancel ${nameOf(order)}`}
  >
    Cancel
  </button>`;
}

/**
 * Asks once more: there is no way back.
 *
 * @param {{ count: number }} props
 */
function CancelAll({ count }) {
  const [isAsking, setAsking] = useState(false);
  const cancel = async () => {
    setAsking(false);
    const isDone = await attempt(
      () => ask("DELETE", "/orders"),
      (text) => tell(text, "error"),
    );
    if (isDone) tell("All open orders are cancelled", "done");
  };
  if (!isAsking) {
    return html`<button type="button" onClick=${() => setAsking(true)}>Cancel all</button>`;
  }
  return html`
    <button type="button" class="danger" onClick=${cancel}>Cancel ${count}</button>
    <button type="button" onClick=${() => setAsking(false)}>Keep</button>
  `;
}

/**
 * Does it, and says why not; returns whether it was done. Both may be repeated without harm.
 *
 * @param {() => Promise<unknown>} act
 * @param {(text: string) => void} say
 */
async function attempt(act, say) {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) say("No answer came: the list shows what became of it");
    else if (error instanceof Refusal) say(`${reasonOf(error)} (${error.code})`);
    else throw error;
    return false;
  }
}

/** @param {Refusal} refusal */
function reasonOf({ message, code, details }) {
  return code === "VALIDATION_ERROR" ? Object.values(details).flat().join(" ") : message;
}
