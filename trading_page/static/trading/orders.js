// Open orders: cancel one or all that are shown, amend one where it stands.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { CancelAll } from "./cancelling.js";
import { Empty, ToOrderForm } from "./empty.js";
import { plainOf } from "./entry.js";
import { Understood } from "./fields.js";
import { html, onChecked, onValue, rendered } from "./html.js";
import { tell } from "./notices.js";
import { grouped, style } from "./numbers.js";
import { distance, listed as narrowed } from "./openlist.js";
import { toggle } from "./preferences.js";
import { ask } from "./session.js";
import { marketOf, orders, symbol, ticker } from "./store.js";
import { inspect, isOfRow, Opener, Side } from "./table.js";
import { amountOf, gettext, isolated, listed } from "./texts.js";
import { UNREADABLE } from "./ticket.js";
import { attempt } from "./attempts.js";
import { groupRoleNames, typeNames } from "./words.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @import { Narrowing } from "./openlist.js"
 */

const PRICED = ["limit", "stop_limit", "take_profit_limit"];
const TRIGGERED = ["stop", "stop_limit", "take_profit", "take_profit_limit"];
const isHereOnly = toggle("open orders of this market only", false);
const shownSide = signal(/** @type {Narrowing["side"]} */ (""));

/** @returns {string[]} */
function heads() {
  return [
    gettext("Time"),
    gettext("Market"),
    gettext("Side"),
    gettext("Type"),
    gettext("Price"),
    gettext("Trigger"),
    gettext("Distance"),
    gettext("Filled"),
    gettext("Amount"),
  ];
}

export function OpenOrders() {
  if (orders.value.length === 0) {
    return html`
      <${Empty}
        title=${gettext("No open orders")}
        hint=${gettext("Orders that rest in the book or wait for their trigger are listed here.")}
      >
        <${ToOrderForm} />
      <//>
    `;
  }
  const narrowing = {
    symbol: isHereOnly.value ? symbol.value : "",
    side: shownSide.value,
  };
  const list = narrowed(orders.value, narrowing);
  return html`
    <${Narrowings} />
    ${
      list.length === 0
        ? html`<${NoMatch} />`
        : html`<${OpenTable} list=${list} narrowing=${narrowing} />`
    }
  `;
}

/** What narrows the list. */
function Narrowings() {
  const take = (/** @type {Narrowing["side"]} */ side) => (shownSide.value = side);
  return html`
    <div class="filters open" role="search" aria-label=${gettext("Filters")}>
      <div class="picks">
        <label class="check">
          <input
            type="checkbox"
            checked=${isHereOnly.value}
            onChange=${onChecked((isOn) => (isHereOnly.value = isOn))}
          />
          <span>${gettext("Only {market}", { market: symbol.value })}</span>
        </label>
        <select aria-label=${gettext("Side")} value=${shownSide.value} onChange=${onValue(take)}>
          <option value="">${gettext("Both sides")}</option>
          <option value="buy">${gettext("Buy")}</option>
          <option value="sell">${gettext("Sell")}</option>
        </select>
      </div>
    </div>
  `;
}

function NoMatch() {
  const reset = () => {
    isHereOnly.value = false;
    shownSide.value = "";
  };
  return html`
    <${Empty} title=${gettext("Nothing matches these filters")}>
      <button type="button" onClick=${reset}>${gettext("Reset the filters")}</button>
    <//>
  `;
}

/** @param {{ list: Order[], narrowing: Narrowing }} props */
function OpenTable({ list, narrowing }) {
  const [amended, setAmended] = useState(/** @type {string | null} */ (null));
  const label = gettext("Open orders");
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label=${label}>
      <table aria-label=${label}>
        <thead>
          <tr>
            ${heads().map((name) => html`<th scope="col">${name}</th>`)}
            <th scope="col" class="actions">
              <span class="unseen">${gettext("Actions")}</span>
              <${CancelAll} list=${list} narrowing=${narrowing} />
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
    </div>
  `;
}

/** @param {{ order: Order, amend: () => void }} props */
function OrderRow({ order, amend }) {
  /** @param {MouseEvent} event */
  const open = (event) => isOfRow(event) && inspect(order.id);
  return html`
    <tr class=${`record ${order.group_id ? "of-group" : ""}`} onClick=${open}>
      <${Cells} order=${order} />
      <td data-name=${gettext("Price")}>${priceOf(order)}</td>
      <td data-name=${gettext("Trigger")}><${Trigger} order=${order} /></td>
      <td data-name=${gettext("Distance")}><${Distance} order=${order} /></td>
      <td data-name=${gettext("Filled")}>${grouped(order.filled_quantity)}</td>
      <td data-name=${gettext("Amount")}>${sizeOf(order)}</td>
      <td class="actions">
        ${
          amendable(order).length > 0 &&
          html`
            <button
              type="button"
              onClick=${amend}
              aria-label=${gettext("Amend {order}", { order: nameOf(order) })}
            >
              ${gettext("Amend")}
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
    order.status === "pending" && gettext("waits"),
    order.post_only && gettext("post only"),
    order.display_quantity && gettext("iceberg"),
    order.group_role && groupRoleNames()[order.group_role],
  ];
  return html`
    <td data-name=${gettext("Time")}>
      <${Opener} time=${order.created_at} id=${order.id} name=${nameOf(order)} />
    </td>
    <td data-name=${gettext("Market")}>${order.symbol}</td>
    <td data-name=${gettext("Side")}><${Side} side=${order.side} /></td>
    <td data-name=${gettext("Type")}>
      ${typeNames()[order.type]}${" "}<small class="reason"
        >${listed(notes.filter((note) => typeof note === "string"))}</small
      >
    </td>
  `;
}

/**
 * How far the market is away from where the order acts.
 *
 * @param {{ order: Order }} props
 */
function Distance({ order }) {
  const percent = distance(order, ticker(order.symbol).value?.last ?? null);
  if (percent === null) return "–";
  const isDown = percent.startsWith("-");
  const size = grouped(percent.replace("-", ""));
  return `${isDown ? "−" : "+"}${size} %`;
}

/** @param {Pick<Order, "price">} order */
function priceOf({ price }) {
  return price ? grouped(price) : gettext("market");
}

/** @param {{ order: Order }} props */
function Trigger({ order }) {
  const { trailing_amount: amount, trailing_percent: percent } = order;
  if (amount) return gettext("{distance} behind", { distance: grouped(amount) });
  if (percent) return gettext("{distance} behind", { distance: isolated(`${grouped(percent)} %`) });
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

/**
 * An order in a few words, for those who hear the page.
 *
 * @param {Order} order
 */
export function nameOf(order) {
  const parts = { size: sizeOf(order), market: order.symbol, price: grouped(order.price ?? "") };
  const isBuy = order.side === "buy";
  if (!order.price) {
    return isBuy ? gettext("buy {size} {market}", parts) : gettext("sell {size} {market}", parts);
  }
  return isBuy
    ? gettext("buy {size} {market} at {price}", parts)
    : gettext("sell {size} {market} at {price}", parts);
}

/** @param {Order} order */
export function sizeOf({ quantity, quote_quantity: budget, symbol: name }) {
  return quantity ? grouped(quantity) : amountOf(grouped(budget ?? ""), name.split("/")[1]);
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
      <td data-name=${gettext("Price")}>
        ${names.includes("price") ? html`<${NewNumber} ...${part} name="price" />` : gettext("market")}
      </td>
      <td data-name=${gettext("Trigger")}>
        ${
          names.includes("stop_price")
            ? html`<${NewNumber} ...${part} name="stop_price" />`
            : html`<${Trigger} order=${order} />`
        }
      </td>
      <td data-name=${gettext("Distance")}><${Distance} order=${order} /></td>
      <td data-name=${gettext("Filled")}>${grouped(order.filled_quantity)}</td>
      <td data-name=${gettext("Amount")}>
        ${names.includes("quantity") ? html`<${NewNumber} ...${part} name="quantity" />` : sizeOf(order)}
      </td>
      <td class="actions">
        <form id="amend" onSubmit=${save}>
          <button type="submit" class="primary">${gettext("Save")}</button>
          <button type="button" onClick=${close}>${gettext("Back")}</button>
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
    aria-label=${gettext("Cancel {order}", { order: nameOf(order) })}
  >
    ${gettext("Cancel")}
  </button>`;
}
