// What is the visitor's own: open orders, past ones, trades, balances.

import { useState } from "preact/hooks";
import { grouped } from "./decimal.js";
import { html } from "./html.js";
import { OpenOrders } from "./orders.js";
import { account } from "./session.js";
import { balances, dialog, fills, history, isDemo, orders, symbol } from "./store.js";
import { Side, Table, When } from "./table.js";
import { Tabs } from "./tabs.js";

export function Account() {
  const [tab, setTab] = useState("open");
  const tabs = {
    open: `Open orders (${orders.value.length})`,
    history: "Order history",
    fills: "My trades",
    balances: "Balances",
  };
  const panels = { open: OpenOrders, history: History, fills: Fills, balances: Balances };
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
  return html`
    <p class="nothing">
      <button type="button" class="link" onClick=${() => (dialog.value = "login")}>Log in</button>
      ${isDemo ? " or try it with a demo account to place orders." : " to place orders and to see yours."}
    </p>
  `;
}

function History() {
  const head = ["Time", "Market", "Side", "Type", "Price", "Average", "Filled / amount", "Status"];
  const rows = history.value.map((order) => [
    html`<${When} time=${order.updated_at} />`,
    order.symbol,
    html`<${Side} side=${order.side} />`,
    order.type.replaceAll("_", " "),
    priceOf(order),
    order.average_price ? grouped(order.average_price) : "–",
    `${order.filled_quantity} / ${order.quantity ?? `${order.quote_quantity} ${order.symbol.split("/")[1]}`}`,
    html`${order.status}${order.reason && html`<small class="reason"> ${order.reason.toLowerCase().replaceAll("_", " ")}</small>`}`,
  ]);
  return html`<${Table}
    label="Order history"
    head=${head}
    rows=${rows}
    keys=${history.value.map(({ id }) => id)}
    nothing="No order has ended yet"
  />`;
}

function priceOf({ price, stop_price: trigger }) {
  return price || trigger ? grouped(price ?? trigger) : "market";
}

function Fills() {
  const head = ["Time", "Market", "Side", "Price", "Amount", "Fee", "Role"];
  const rows = fills.value.map((fill) => [
    html`<${When} time=${fill.executed_at} />`,
    fill.symbol,
    html`<${Side} side=${fill.side} />`,
    grouped(fill.price),
    fill.quantity,
    `${fill.fee.replace(/\.?0+$/, "") || "0"} ${fill.symbol.split("/")[1]}`,
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
  const isAny = ({ total }) => /[1-9]/.test(total);
  const isHere = ({ asset }) => symbol.value.split("/").includes(asset);
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
      nothing="There is nothing on this account"
    />
  `;
}
