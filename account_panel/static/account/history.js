// Orders that have ended.

import { signal } from "@preact/signals";
import { short } from "#page/decimal.js";
import { Empty, ToOrderForm } from "#page/empty.js";
import { html } from "#page/html.js";
import { grouped } from "#page/numbers.js";
import { nameOf, sizeOf } from "#page/orders.js";
import { reasonOf } from "#page/reports.js";
import { history } from "#page/store.js";
import { Opener, Side, When } from "#page/table.js";
import { gettext } from "#page/texts.js";
import { groupRoleNames, typeNames } from "#page/words.js";
import { ORDERS } from "./feed.js";
import { NONE } from "./filters.js";
import { marketPick, Records } from "./records.js";
import { sideNames, statusNames } from "./words.js";

/**
 * @import { Order } from "#page/answers.d.ts"
 * @import { Pick } from "./filterbar.js"
 * @import { Column } from "./list.js"
 */

const filters = signal(NONE);

export function History() {
  return html`
    <${Records}
      source=${ORDERS}
      filters=${filters}
      picks=${picks()}
      news=${history}
      label=${gettext("Order history")}
      columns=${columns()}
      orderOf=${(/** @type {Order} */ { id }) => id}
      empty=${html`<${Nothing} />`}
    />
  `;
}

function Nothing() {
  return html`
    <${Empty}
      title=${gettext("No order has ended yet")}
      hint=${gettext(
        "Orders come here when they are filled, cancelled, refused or expired, with what they cost.",
      )}
    >
      <${ToOrderForm} />
    <//>
  `;
}

/** @returns {Pick[]} */
function picks() {
  const { filled, cancelled, expired, rejected } = statusNames();
  return [
    marketPick(),
    { name: "side", label: gettext("Side"), all: gettext("Both sides"), names: sideNames() },
    { name: "type", label: gettext("Type"), all: gettext("All types"), names: typeNames() },
    {
      name: "status",
      label: gettext("Status"),
      all: gettext("All ends"),
      names: { filled, cancelled, expired, rejected },
    },
  ];
}

/** @returns {Column<Order>[]} */
function columns() {
  return [
    { head: gettext("Placed"), cell: placed },
    { head: gettext("Market"), cell: ({ symbol }) => symbol },
    { head: gettext("Side"), cell: ({ side }) => html`<${Side} side=${side} />` },
    { head: gettext("Type"), cell: typeOf },
    { head: gettext("Price"), cell: priceOf },
    { head: gettext("Average"), cell: averageOf },
    {
      head: gettext("Filled / amount"),
      cell: (order) => `${grouped(order.filled_quantity)} / ${sizeOf(order)}`,
    },
    { head: gettext("Cost"), cell: (order) => moneyOf(order, order.filled_quote) },
    { head: gettext("Fee"), cell: (order) => moneyOf(order, order.fee) },
    { head: gettext("Status"), cell: endOf },
    { head: gettext("Ended"), cell: (order) => html`<${When} time=${order.updated_at} />` },
  ];
}

/** @param {Order} order */
function placed(order) {
  return html`<${Opener} time=${order.created_at} id=${order.id} name=${nameOf(order)} />`;
}

/** @param {Order} order */
function typeOf({ type, group_role: role }) {
  const part = role && groupRoleNames()[role];
  return html`${typeNames()[type]}${part && html`<small class="reason"> ${part}</small>`}`;
}

/**
 * @param {Order} order
 * @param {string} amount
 */
function moneyOf(order, amount) {
  return order.average_price ? `${grouped(short(amount))} ${order.fee_asset}` : "–";
}

/** @param {Order} order */
function priceOf({ price, stop_price: trigger }) {
  const shown = price ?? trigger;
  return shown ? grouped(shown) : gettext("market");
}

/**
 * With the decimals that are read; all that it takes to multiply it are in the tooltip.
 *
 * @param {Order} order
 */
function averageOf({ average_price: price }) {
  if (!price) return "–";
  return html`<span title=${price}>${grouped(price.replace(/(\.\d{8})\d+$/, "$1"))}</span>`;
}

/** @param {Order} order */
function endOf(order) {
  const why = reasonOf(order);
  return html`
    <span title=${why || undefined}>
      ${statusNames()[order.status]}${why && html`<small class="reason"> ${why}</small>`}
    </span>
  `;
}
