// What is the visitor's own: open orders, past ones, trades, balances.

import { useState } from "preact/hooks";
import { roleNames, statusNames } from "./account/words.js";
import { short } from "./decimal.js";
import { html } from "./html.js";
import { grouped } from "./numbers.js";
import { OpenOrders, sizeOf } from "./orders.js";
import { reasonOf } from "./reports.js";
import { account } from "./session.js";
import { balances, dialog, fills, history, isDemo, orders, symbol } from "./store.js";
import { Side, Table, When } from "./table.js";
import { Tabs } from "./tabs.js";
import { amountOf, gettext, isolated } from "./texts.js";
import { typeNames } from "./words.js";

/**
 * @import { Balance, Order } from "./answers.d.ts"
 * @typedef {"open" | "history" | "fills" | "balances"} Tab
 */

export function Account() {
  const [tab, setTab] = useState(/** @type {Tab} */ ("open"));
  const tabs = {
    open: gettext("Open orders ({count})", { count: orders.value.length }),
    history: gettext("Order history"),
    fills: gettext("My trades"),
    balances: gettext("Balances"),
  };
  const panels = { open: OpenOrders, history: History, fills: Fills, balances: Balances };
  const Panel = panels[tab];
  return html`
    <section class="panel account" aria-label=${gettext("Account")}>
      <header class="panel-head">
        <${Tabs}
          name="account"
          label=${gettext("Account")}
          tabs=${tabs}
          chosen=${tab}
          choose=${setTab}
        />
      </header>
      <div
        id="account-panel"
        class="account-body"
        role="tabpanel"
        aria-labelledby=${`account-${tab}`}
        tabindex="0"
      >
        ${account.value === null ? html`<${Stranger} />` : html`<${Panel} />`}
      </div>
    </section>
  `;
}

function Stranger() {
  return html`
    <p class="nothing">
      ${
        isDemo
          ? gettext("Log in, or try it with a demo account, to place orders.")
          : gettext("Log in to place orders and to see yours.")
      }${" "}
      <button type="button" class="link" onClick=${() => (dialog.value = "login")}>
        ${gettext("Log in")}
      </button>
    </p>
  `;
}

function History() {
  const head = [
    ...[gettext("Time"), gettext("Market"), gettext("Side"), gettext("Type"), gettext("Price")],
    ...[gettext("Average"), gettext("Filled / amount"), gettext("Cost"), gettext("Fee")],
    gettext("Status"),
  ];
  const rows = history.value.map((order) => [
    html`<${When} time=${order.updated_at} />`,
    order.symbol,
    html`<${Side} side=${order.side} />`,
    typeNames()[order.type],
    priceOf(order),
    html`<${Average} price=${order.average_price} />`,
    isolated(`${grouped(order.filled_quantity)} / ${sizeOf(order)}`),
    order.average_price ? amountOf(grouped(short(order.filled_quote)), order.fee_asset) : "–",
    order.average_price ? amountOf(grouped(short(order.fee)), order.fee_asset) : "–",
    html`${statusNames()[order.status]}<${Reason} reason=${order.reason} />`,
  ]);
  return html`<${Table}
    label=${gettext("Order history")}
    head=${head}
    rows=${rows}
    keys=${history.value.map(({ id }) => id)}
    nothing=${gettext("No order has ended yet")}
  />`;
}

/**
 * With the decimals that are read; all that it takes to multiply it are in the tooltip.
 *
 * @param {{ price: string | null }} props
 */
function Average({ price }) {
  if (!price) return "–";
  return html`<span title=${price}>${grouped(price.replace(/(\.\d{8})\d+$/, "$1"))}</span>`;
}

/** @param {Order} order */
function priceOf({ price, stop_price: trigger }) {
  const shown = price ?? trigger;
  return shown ? grouped(shown) : gettext("market");
}

/** @param {Pick<Order, "reason">} props */
function Reason({ reason }) {
  if (!reason) return null;
  return html`<small class="reason"> ${reasonOf({ reason })}</small>`;
}

function Fills() {
  const head = [
    ...[gettext("Time"), gettext("Market"), gettext("Side"), gettext("Price")],
    ...[gettext("Amount"), gettext("Fee"), gettext("Role")],
  ];
  const rows = fills.value.map((fill) => [
    html`<${When} time=${fill.executed_at} />`,
    fill.symbol,
    html`<${Side} side=${fill.side} />`,
    grouped(fill.price),
    grouped(fill.quantity),
    amountOf(grouped(short(fill.fee)), fill.symbol.split("/")[1]),
    roleNames()[fill.role],
  ]);
  return html`<${Table}
    label=${gettext("My trades")}
    head=${head}
    rows=${rows}
    keys=${fills.value.map(({ id }) => id)}
    nothing=${gettext("You have not traded yet")}
  />`;
}

function Balances() {
  /** @param {Balance} balance */
  const isAny = ({ total }) => Number(/[1-9]/.test(total));
  /** @param {Balance} balance */
  const isHere = ({ asset }) => Number(symbol.value.split("/").includes(asset));
  const owned = [...balances.value.values()].sort(
    (one, other) =>
      isHere(other) - isHere(one) ||
      isAny(other) - isAny(one) ||
      (one.asset < other.asset ? -1 : 1),
  );
  const rows = owned.map(({ asset, available, held, total }) => [
    html`<b class="asset">${asset}</b>`,
    grouped(available),
    grouped(held),
    grouped(total),
  ]);
  return html`
    <${Table}
      label=${gettext("Balances")}
      head=${[gettext("Asset"), gettext("Available"), gettext("Held"), gettext("Total")]}
      rows=${rows}
      keys=${owned.map(({ asset }) => asset)}
      nothing=${gettext("You have no balances yet")}
    />
  `;
}
