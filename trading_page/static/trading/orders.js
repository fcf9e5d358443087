// Open orders: cancel one or all, amend one where it stands.

import { useEffect, useRef, useState } from "preact/hooks";
import { NoAnswer, Refusal } from "./api.js";
import { plainOf } from "./entry.js";
import { Understood } from "./fields.js";
import { html, onValue, rendered } from "./html.js";
import { tell } from "./notices.js";
import { grouped, style } from "./numbers.js";
import { ask } from "./session.js";
import { marketOf, orders } from "./store.js";
import { Side, When } from "./table.js";
import { UNREADABLE } from "./ticket.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

const CANCEL_ALL = "cancel all"; // the key of its notice
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
      <td data-name="Filled">${grouped(order.filled_quantity)}</td>
      <td data-name="Amount">${sizeOf(order)}</td>
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
  if (order.trailing_amount) return `${grouped(order.trailing_amount)} behind`;
  if (order.trailing_percent) return `${grouped(order.trailing_percent)} % behind`;
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
function nameOf(order) {
  const price = order.price ? ` at ${grouped(order.price)}` : "";
  return `${order.side} ${sizeOf(order)} ${order.symbol}${price}`;
}

/** @param {Order} order */
export function sizeOf({ quantity, quote_quantity: budget, symbol }) {
  return quantity ? grouped(quantity) : `${grouped(budget ?? "")} ${symbol.split("/")[1]}`;
}

/** @typedef {{ price: string, quantity: string }} Amended */

/**
 * What is to be changed of an order, as plain numbers; what was typed and is no number is
 * UNREADABLE, and so is an empty field.
 *
 * @param {Order} order
 * @param {Amended} typed
 */
function changesOf(order, typed) {
  /** @type {Partial<Amended>} */
  const changes = {};
  for (const name of /** @type {const} */ (["price", "quantity"])) {
    if (order[name] === null || typed[name] === style.typed(order[name])) continue;
    changes[name] = plainOf(typed[name]) || UNREADABLE;
  }
  return changes;
}

/** @param {{ order: Order, close: () => void }} props */
function AmendRow({ order, close }) {
  const [typed, setTyped] = useState({
    price: style.typed(order.price ?? ""),
    quantity: style.typed(order.quantity ?? ""),
  });
  const [error, setError] = useState("");
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => rendered(row).querySelector("input")?.focus(), []);
  /** @param {SubmitEvent} event */
  const save = async (event) => {
    event.preventDefault();
    const changes = changesOf(order, typed);
    const send = () => ask("PATCH", `/orders/${order.id}`, changes);
    if (Object.values(changes).includes(UNREADABLE)) setError(style.rule);
    else if (Object.keys(changes).length === 0 || (await attempt(send, setError))) close();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key === "Escape") close();
  };
  /** @param {Partial<Amended>} fields */
  const change = (fields) => {
    setTyped((before) => ({ ...before, ...fields }));
    setError("");
  };
  const part = { order, typed, change };
  return html`
    <tr ref=${row} class="amending" onKeyDown=${onKey}>
      <${Cells} order=${order} />
      <td data-name="Price">
        ${PRICED.includes(order.type) ? html`<${NewNumber} ...${part} name="price" />` : "market"}
      </td>
      <td data-name="Trigger"><${Trigger} order=${order} /></td>
      <td data-name="Filled">${grouped(order.filled_quantity)}</td>
      <td data-name="Amount"><${NewNumber} ...${part} name="quantity" /></td>
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

/**
 * @param {{
 *   order: Order,
 *   name: keyof Amended,
 *   typed: Amended,
 *   change: (fields: Partial<Amended>) => void,
 * }} props
 */
function NewNumber({ order, name, typed, change }) {
  const market = marketOf(order.symbol);
  return html`
    <input
      form="amend"
      aria-label=${name === "price" ? "New price" : "New amount"}
      inputmode="decimal"
      value=${typed[name]}
      onInput=${onValue((text) => change({ [name]: text }))}
    />
    ${market && html`<${Understood} name=${name} plain=${plainOf(typed[name])} market=${market} />`}
  `;
}

/** @param {{ order: Order }} props */
function Cancel({ order }) {
  const [isBusy, setBusy] = useState(false);
  const cancel = async () => {
    setBusy(true);
    await attempt(
      () => ask("DELETE", `/orders/${order.id}`),
      (text) => tell(text, "error", order.id),
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
      (text) => tell(text, "error", CANCEL_ALL),
    );
    if (isDone) tell("All open orders are cancelled", "info", CANCEL_ALL);
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
export async function attempt(act, say) {
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
