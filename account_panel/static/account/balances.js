// What the account has of each asset.

import { Empty } from "#page/empty.js";
import { html } from "#page/html.js";
import { grouped } from "#page/numbers.js";
import { account } from "#page/session.js";
import { balances, symbol } from "#page/store.js";
import { Table } from "#page/table.js";
import { gettext } from "#page/texts.js";

/**
 * @import { Balance } from "#page/answers.d.ts"
 */

export function Balances() {
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
  if (owned.length === 0) return html`<${Nothing} />`;
  const label = gettext("Balances");
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label=${label}>
      <${Table}
        label=${label}
        head=${[gettext("Asset"), gettext("Available"), gettext("Held"), gettext("Total")]}
        rows=${rows}
        keys=${owned.map(({ asset }) => asset)}
      />
    </div>
  `;
}

function Nothing() {
  const name = account.value ?? "";
  return html`
    <${Empty}
      title=${gettext("You have no balances yet")}
      hint=${gettext(
        "What is deposited is here at once. Those who run this exchange book deposits: give them your name, {name}.",
        { name },
      )}
    />
  `;
}

/** @param {Balance} balance */
function isAny({ total }) {
  return Number(/[1-9]/.test(total));
}

/** @param {Balance} balance */
function isHere({ asset }) {
  return Number(symbol.value.split("/").includes(asset));
}
