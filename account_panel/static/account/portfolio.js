// What the account is worth, asset by asset, and what its trades have brought, market by market.

import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "#page/html.js";
import { grouped, neat } from "#page/numbers.js";
import { mayHaveChanged, portfolio } from "#page/positions.js";
import { balances, markets, ticker } from "#page/store.js";
import { Table } from "#page/table.js";
import { amountOf, gettext, isolated } from "#page/texts.js";
import { glance, signed } from "./profits.js";

/**
 * @import { OwnedAsset, Portfolio as Told, Position } from "#page/answers.d.ts"
 */

export function Portfolio() {
  useEffect(() => effect(followPrices), []);
  const told = portfolio.value;
  if (!told) return html`<p class="nothing" role="status">${gettext("Loading…")}</p>`;
  return html`
    <div class="portfolio scroll" tabindex="0" role="group" aria-label=${gettext("Portfolio")}>
      <${Worth} told=${told} />
      <${Positions} told=${told} />
      <${Assets} told=${told} />
    </div>
  `;
}

/** Balances and prices move the values; how often they are read, `positions.js` bounds. */
function followPrices() {
  void balances.value; // read, so that the effect follows them
  for (const { symbol } of markets.value) void ticker(symbol).value;
  if (!document.hidden) mayHaveChanged();
}

/** @param {{ told: Told }} props */
function Worth({ told: { quote, value } }) {
  return html`
    <p class="worth">
      <span>${gettext("Total value")}</span>
      <b class="num" title=${amountOf(grouped(value), quote)}>${amountOf(neat(value), quote)}</b>
    </p>
  `;
}

/** @param {{ told: Told }} props */
function Assets({ told: { quote, assets } }) {
  const head = [gettext("Asset"), gettext("Amount"), gettext("Value"), gettext("Share")];
  const rows = assets.map((owned) => [
    html`<b class="asset">${owned.asset}</b>`,
    html`<span class="num" title=${grouped(owned.quantity)}>${neat(owned.quantity)}</span>`,
    html`<${Value} owned=${owned} quote=${quote} />`,
    owned.share_percent === null
      ? "–"
      : html`<span class="num">${isolated(`${grouped(owned.share_percent)} %`)}</span>`,
  ]);
  return html`
    <${Table}
      label=${gettext("Value of your assets")}
      head=${head}
      rows=${rows}
      keys=${assets.map(({ asset }) => asset)}
      nothing=${gettext("You own nothing yet. What you deposit and buy is valued here at the last prices.")}
    />
  `;
}

/** @param {{ owned: OwnedAsset, quote: string }} props */
function Value({ owned: { value, reason, markets: by }, quote }) {
  if (value === null) {
    return reason === "NO_LAST_PRICE" ? gettext("no price yet") : gettext("no market");
  }
  const title = by.length
    ? gettext("{value} {quote}, by the last price of {markets}", {
        value: grouped(value),
        quote,
        markets: by.join(", "),
      })
    : undefined;
  return html`<span class="num" title=${title}>${neat(value)}</span>`;
}

/** @param {{ told: Told }} props */
function Positions({ told: { positions, is_complete: isComplete } }) {
  const head = [
    ...[gettext("Market"), gettext("Position"), gettext("Average entry"), gettext("Last price")],
    ...[gettext("Realised"), gettext("Unrealised"), gettext("Fees"), gettext("After fees")],
  ];
  return html`
    ${!isComplete && html`<p class="nothing" role="status">${gettext("Counting your trades…")}</p>`}
    <${Table}
      label=${gettext("Positions")}
      head=${head}
      rows=${positions.map(cellsOf)}
      keys=${positions.map(({ symbol }) => symbol)}
      nothing=${gettext(
        "You have not traded yet: your positions, average prices and profits will stand here.",
      )}
    />
    ${
      positions.length > 0 &&
      html`<p class="hint">
        ${gettext("Counted from your trades alone, by average cost and before fees.")}${" "}
        ${gettext("What you deposited has a value but no entry price: it is in no position.")}
      </p>`
    }
  `;
}

/** @param {Position} position */
function cellsOf(position) {
  const { symbol, average_price: average, last_price: last, fees } = position;
  const quote = symbol.split("/")[1];
  return [
    html`<b>${symbol}</b>`,
    html`<${Held} position=${position} />`,
    average ? html`<span class="num" title=${average}>${grouped(glance(average, 8))}</span>` : "–",
    last ? html`<span class="num">${grouped(last)}</span>` : "–",
    html`<${Profit} amount=${position.realised_profit} quote=${quote} />`,
    html`<${Profit} amount=${position.unrealised_profit} quote=${quote} />`,
    html`<span class="num" title=${`${fees} ${quote}`}>${grouped(glance(fees))} ${quote}</span>`,
    html`<${Profit} amount=${position.profit} quote=${quote} />`,
  ];
}

/** @param {{ position: Position }} props */
function Held({ position: { symbol, side, quantity } }) {
  if (side === null) return gettext("closed");
  const values = { quantity: grouped(quantity), asset: symbol.split("/")[0] };
  const text =
    side === "buy"
      ? gettext("{quantity} {asset} bought", values)
      : gettext("{quantity} {asset} sold", values);
  return html`<span class=${side === "buy" ? "up" : "down"}>${text}</span>`;
}

/**
 * With its sign, so that its colour is not all that tells.
 *
 * @param {{ amount: string | null, quote: string }} props
 */
function Profit({ amount, quote }) {
  if (amount === null) return "–";
  const { text, direction } = signed(amount);
  return html`<span class=${`num ${direction}`} title=${`${amount} ${quote}`}
    >${text} ${quote}</span
  >`;
}
