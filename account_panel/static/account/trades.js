// Own trades.

import { signal } from "@preact/signals";
import { short } from "#page/decimal.js";
import { Empty, ToOrderForm } from "#page/empty.js";
import { html } from "#page/html.js";
import { grouped } from "#page/numbers.js";
import { fills } from "#page/store.js";
import { Opener, Side } from "#page/table.js";
import { gettext } from "#page/texts.js";
import { costOf } from "./amounts.js";
import { TRADES } from "./feed.js";
import { NONE } from "./filters.js";
import { marketPick, Records } from "./records.js";
import { roleNames, sideNames } from "./words.js";

/**
 * @import { Fill } from "#page/store.js"
 * @import { Pick } from "./filterbar.js"
 * @import { Column } from "./list.js"
 */

const filters = signal(NONE);

export function Trades() {
  return html`
    <${Records}
      source=${TRADES}
      filters=${filters}
      picks=${picks()}
      news=${fills}
      label=${gettext("My trades")}
      columns=${columns()}
      orderOf=${(/** @type {Fill} */ fill) => fill.order_id}
      empty=${html`<${Nothing} />`}
    />
  `;
}

function Nothing() {
  return html`
    <${Empty}
      title=${gettext("You have not traded yet")}
      hint=${gettext(
        "Each trade of your orders comes here at once. A market order trades without waiting.",
      )}
    >
      <${ToOrderForm} />
    <//>
  `;
}

/** @returns {Pick[]} */
function picks() {
  return [
    marketPick(),
    { name: "side", label: gettext("Side"), all: gettext("Both sides"), names: sideNames() },
    { name: "role", label: gettext("Role"), all: gettext("Both roles"), names: roleNames() },
  ];
}

/** @returns {Column<Fill>[]} */
function columns() {
  return [
    { head: gettext("Time"), cell: madeAt },
    { head: gettext("Market"), cell: ({ symbol }) => symbol },
    { head: gettext("Side"), cell: ({ side }) => html`<${Side} side=${side} />` },
    { head: gettext("Role"), cell: ({ role }) => roleNames()[role] },
    { head: gettext("Price"), cell: ({ price }) => grouped(price) },
    { head: gettext("Amount"), cell: sizeOf },
    { head: gettext("Cost"), cell: (fill) => moneyOf(fill, costOf(fill)) },
    { head: gettext("Fee"), cell: (fill) => moneyOf(fill, short(fill.fee)) },
  ];
}

/** @param {Fill} fill */
function madeAt(fill) {
  return html`<${Opener} time=${fill.executed_at} id=${fill.order_id} name=${sizeOf(fill)} />`;
}

/** @param {Fill} fill */
function sizeOf({ quantity, symbol }) {
  return `${grouped(quantity)} ${symbol.split("/")[0]}`;
}

/**
 * @param {Fill} fill
 * @param {string} amount
 */
function moneyOf({ symbol }, amount) {
  return `${grouped(amount)} ${symbol.split("/")[1]}`;
}
