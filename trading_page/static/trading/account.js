// What is the visitor's own: open orders, past ones, trades, balances.

import { useState } from "preact/hooks";
import { short } from "./decimal.js";
import { html } from "./html.js";
import { later } from "./later.js";
import { grouped } from "./numbers.js";
import { OpenOrders, sizeOf } from "./orders.js";
import { account } from "./session.js";
import { balances, dialog, fills, history, isDemo, orders, symbol } from "./store.js";
import { Side, Table, When } from "./table.js";
import { Tabs } from "./tabs.js";
import { gettext } from "./texts.js";

/**
 * @import { Balance, Order } from "./answers.d.ts"
 * @typedef {"open" | "history" | "fills" | "balances" | "portfolio"} Tab
 */

const Portfolio = later(async () => (await import("./account/portfolio.js")).Portfolio);

export function Account() {
  const [tab, setTab] = useState(/** @type {Tab} */ ("open"));
  const tabs = {
    open: `Open orders (${orders.value.length})`,
    history: "Order history",
    fills: "My trades",
    balances: "Balances",
    portfolio: gettext("Portfolio"),
  };
  const panels = {
    open: OpenOrders,
    history: History,
    fills: Fills,
    balances: Balances,
    portfolio: Portfolio,
  };
  const Panel = panels[tab];
  return html`
    <section class="panel account" aria-label="Account">
      <header class="panel-head">
        <${Tabs} name="account" label="Account" tabs=${tabs} chosen=${tab} choose=${setTab} />
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
  const otherwise = isDemo
    ? " or try it with a demo account to place orders."
    : " to place orders and to see yours.";
  return html`
    <p class="nothing">
      <button type="button" class="link" onClick=${() => (dialog.value = "login")}>Log in</button>
      ${otherwise}
    </p>
  `;
}

function History() {
  const head = [
    ...["Time", "Market", "Side", "Type", "Price", "Average"],
    ...["Filled / amount", "Cost", "Fee", "Status"],
  ];
  const rows = history.value.map((order) => [
    html`<${When} time=${order.updated_at} />`,
    order.symbol,
    html`<${Side} side=${order.side} />`,
    order.type.replaceAll("_", " "),
    priceOf(order),
    html`<${Average} price=${order.average_price} />`,
    `${grouped(order.filled_quantity)} / ${sizeOf(order)}`,
    order.average_price ? `${grouped(short(order.filled_quote))} ${order.fee_asset}` : "–",
    order.average_price ? `${grouped(short(order.fee))} ${order.fee_asset}` : "–",
    html`${order.status}<${Reason} reason=${order.reason} />`,
  ]);
  return html`<${Table}
    label="Order history"
    head=${head}
    rows=${rows}
    keys=${history.value.map(({ id }) => id)}
    nothing="No order has ended yet"
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
  return shown ? grouped(shown) : "market";
}

/** @param {Pick<Order, "reason">} props */
function Reason({ reason }) {
  if (!reason) return null;
  return html`<small class="reason"> ${reason.toLowerCase().replaceAll("_", " ")}</small>`;
}

function Fills() {
  const head = ["Time", "Market", "Side", "Price", "Amount", "Fee", "Role"];
  const rows = fills.value.map((fill) => [
    html`<${When} time=${fill.executed_at} />`,
    fill.symbol,
    html`<${Side} side=${fill.side} />`,
    grouped(fill.price),
    grouped(fill.quantity),
    `${grouped(short(fill.fee))} ${fill.symbol.split("/")[1]}`,
    fill.role,
  ]);
  return html`<${Table}
    label="My trades"
    head=${head}
    rows=${rows}
    keys=${fills.value.map(({ id }) => id)}
    nothing="You have not traded yet"
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
    html`<b>${asset}</b>`,
    grouped(available),
    grouped(held),
    grouped(total),
  ]);
  return html`
    <${Table}
      label="Balances"
      head=${["Asset", "Available", "Held", "Total"]}
      rows=${rows}
      keys=${owned.map(({ asset }) => asset)}
      nothing="You have no balances yet"
    />
  `;
}
