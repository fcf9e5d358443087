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
import { gettext } from "./texts.js";
import { UNREADABLE } from "./ticket.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

const CANCEL_ALL = "cancel all"; // the key of its notice
const PRICED = ["limit", "stop_limit", "take_profit_limit"];
const TRIGGERED = ["stop", "stop_limit", "take_profit", "take_profit_limit"];
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
          amendable(order).length > 0 &&
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
 * What of an order can be changed where it stands: the stop price of a stop until it is triggered,
 * but for a trailing stop's, which follows the market; the quantity of an exit when it works.
 *
 * @param {Order} order
 * @returns {(keyof Amended)[]}
 */
function amendable(order) {
  /** @type {(keyof Amended)[]} */
  const names = [];
  if (PRICED.includes(order.type)) names.push("price");
  if (TRIGGERED.includes(order.type) && order.status === "pending") names.push("stop_price");
  if (order.quantity !== null && !isWaitingExit(order)) names.push("quantity");
  return names;
}

/**
 * Both exits of a bracket wait as long as its take-profit does.
 *
 * @param {Order} order
 */
function isWaitingExit({ group_id: group, group_role: role }) {
  if (role !== "take_profit" && role !== "stop_loss") return false;
  return orders.value.some(
    (other) =>
      other.group_id === group && other.group_role === "take_profit" && other.status === "pending",
  );
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

/** @typedef {{ price: string, stop_price: string, quantity: string }} Amended */

/**
 * What is to be changed of an order, as plain numbers; what was typed and is no number is
 * UNREADABLE, and so is an empty field. Fields that nobody touched ask for nothing, whatever has
 * become of the order meanwhile.
 *
 * @param {Amended} before What stood there when the row was opened.
 * @param {Amended} typed
 */
function changesOf(before, typed) {
  /** @type {Partial<Amended>} */
  const changes = {};
  for (const name of /** @type {const} */ (["price", "stop_price", "quantity"])) {
    if (typed[name] !== before[name]) changes[name] = plainOf(typed[name]) || UNREADABLE;
  }
  return changes;
}

/** @param {{ order: Order, close: () => void }} props */
function AmendRow({ order, close }) {
  const [before] = useState({
    price: style.typed(order.price ?? ""),
    stop_price: style.typed(order.stop_price ?? ""),
    quantity: style.typed(order.quantity ?? ""),
  });
  const [typed, setTyped] = useState(before);
  const [error, setError] = useState("");
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => rendered(row).querySelector("input")?.focus(), []);
  /** @param {SubmitEvent} event */
  const save = async (event) => {
    event.preventDefault();
    const changes = changesOf(before, typed);
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
    setTyped((last) => ({ ...last, ...fields }));
    setError("");
  };
  const part = { order, typed, change };
  const names = amendable(order);
  return html`
    <tr ref=${row} class="amending" onKeyDown=${onKey}>
      <${Cells} order=${order} />
      <td data-name="Price">
        ${names.includes("price") ? html`<${NewNumber} ...${part} name="price" />` : "market"}
      </td>
      <td data-name="Trigger">
        ${
          names.includes("stop_price")
            ? html`<${NewNumber} ...${part} name="stop_price" />`
            : html`<${Trigger} order=${order} />`
        }
      </td>
      <td data-name="Filled">${grouped(order.filled_quantity)}</td>
      <td data-name="Amount">
        ${names.includes("quantity") ? html`<${NewNumber} ...${part} name="quantity" />` : sizeOf(order)}
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
      aria-label=${newNameOf(name)}
      inputmode="decimal"
      value=${typed[name]}
      onInput=${onValue((text) => change({ [name]: text }))}
    />
    ${market && html`<${Understood} name=${name} plain=${plainOf(typed[name])} market=${market} />`}
  `;
}

/** @param {keyof Amended} name */
function newNameOf(name) {
  if (name === "price") return gettext("New price");
  return name === "stop_price" ? gettext("New stop price") : gettext("New amount");
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
