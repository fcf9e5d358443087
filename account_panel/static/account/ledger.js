// The own ledger: each entry that has changed a balance.

import { signal } from "@preact/signals";
import { Empty } from "#page/empty.js";
import { html } from "#page/html.js";
import { balances, markets } from "#page/store.js";
import { inspect, Opener } from "#page/table.js";
import { gettext } from "#page/texts.js";
import { signed } from "./amounts.js";
import { LEDGER } from "./feed.js";
import { NONE } from "./filters.js";
import { Records } from "./records.js";
import { kindNames } from "./words.js";

/**
 * @import { Entry } from "#page/answers.d.ts"
 * @import { Pick } from "./filterbar.js"
 * @import { Column } from "./list.js"
 */

const filters = signal(NONE);

export function Ledger() {
  return html`
    <${Records}
      source=${LEDGER}
      filters=${filters}
      picks=${picks()}
      news=${balances}
      label=${gettext("Ledger")}
      columns=${columns()}
      orderOf=${(/** @type {Entry} */ line) => line.order_id}
      empty=${html`<${Nothing} />`}
    />
  `;
}

function Nothing() {
  return html`
    <${Empty}
      title=${gettext("The ledger has no entry yet")}
      hint=${gettext("Deposits, withdrawals and what your trades have moved are written here.")}
    />
  `;
}

/** @returns {Pick[]} */
function picks() {
  const traded = markets.value.flatMap(({ base, quote }) => [base, quote]);
  const assets = [...new Set([...balances.value.keys(), ...traded])].sort();
  // A fee is part of the entry of its trade: those by themselves are the exchange's.
  const kinds = Object.entries(kindNames()).filter(([kind]) => kind !== "fee");
  return [
    {
      name: "asset",
      label: gettext("Asset"),
      all: gettext("All assets"),
      names: Object.fromEntries(assets.map((asset) => [asset, asset])),
    },
    {
      name: "kind",
      label: gettext("Kind"),
      all: gettext("All kinds"),
      names: Object.fromEntries(kinds),
    },
  ];
}

/** @returns {Column<Entry>[]} */
function columns() {
  return [
    { head: gettext("Time"), cell: writtenAt },
    { head: gettext("Kind"), cell: ({ kind }) => kindNames()[kind] },
    { head: gettext("Asset"), cell: ({ asset }) => html`<b>${asset}</b>` },
    { head: gettext("About"), cell: aboutOf },
    { head: gettext("Amount"), cell: amountOf },
    { head: gettext("Entry"), cell: ({ id }) => String(id) },
  ];
}

/** @param {Entry} line */
function writtenAt(line) {
  const kind = kindNames()[line.kind];
  return html`<${Opener} time=${line.created_at} id=${line.order_id} name=${kind} />`;
}

/** @param {Entry} line */
function aboutOf({ reason, order_id: order }) {
  if (!order) return reason || "–";
  return html`
    <button type="button" class="link" onClick=${() => inspect(order)}>
      ${gettext("Show the order")}
    </button>
  `;
}

/** @param {Entry} line */
function amountOf({ amount }) {
  return html`<span class=${amount.startsWith("-") ? "down" : "up"}>${signed(amount)}</span>`;
}
