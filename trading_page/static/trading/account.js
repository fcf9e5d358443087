// What is the visitor's own, in tabs. What a tab shows is loaded when it is opened.

import { useState } from "preact/hooks";
import { Stranger } from "./empty.js";
import { html } from "./html.js";
import { lazy } from "./lazy.js";
import { account } from "./session.js";
import { orders } from "./store.js";
import { Tabs } from "./tabs.js";
import { gettext } from "./texts.js";

/** @typedef {{ name: string, label: () => string, Part: (props: object) => unknown }} Tab */

/** @type {Tab[]} */
const TABS = [
  {
    name: "open",
    label: () => gettext("Open orders ({count})", { count: orders.value.length }),
    Part: lazy(async () => (await import("./orders.js")).OpenOrders),
  },
  {
    name: "history",
    label: () => gettext("Order history"),
    Part: lazy(async () => (await import("#account/history.js")).History),
  },
  {
    name: "trades",
    label: () => gettext("My trades"),
    Part: lazy(async () => (await import("#account/trades.js")).Trades),
  },
  {
    name: "balances",
    label: () => gettext("Balances"),
    Part: lazy(async () => (await import("#account/balances.js")).Balances),
  },
  {
    name: "portfolio",
    label: () => gettext("Portfolio"),
    Part: lazy(async () => (await import("#account/portfolio.js")).Portfolio),
  },
  {
    name: "ledger",
    label: () => gettext("Ledger"),
    Part: lazy(async () => (await import("#account/ledger.js")).Ledger),
  },
];

export function Account() {
  const [chosen, choose] = useState(TABS[0].name);
  const labels = Object.fromEntries(TABS.map(({ name, label }) => [name, label()]));
  const { Part } = TABS.find(({ name }) => name === chosen) ?? TABS[0];
  const label = gettext("Account");
  return html`
    <section class="panel account" aria-label=${label}>
      <header class="panel-head">
        <${Tabs} name="account" label=${label} tabs=${labels} chosen=${chosen} choose=${choose} />
      </header>
      <div
        id="account-panel"
        class="account-body"
        role="tabpanel"
        aria-labelledby=${`account-${chosen}`}
      >
        ${account.value === null ? html`<${Stranger} />` : html`<${Part} key=${chosen} />`}
      </div>
    </section>
  `;
}
