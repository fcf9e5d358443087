// The list of markets with their prices.

import { useState } from "preact/hooks";
import { html, onValue } from "./html.js";
import { onAuxClick, opensElsewhere } from "./links.js";
import { compact, grouped } from "./numbers.js";
import { matching } from "./search.js";
import { isListOpen, markets, symbol, ticker } from "./store.js";
import { amountOf, gettext, isolated } from "./texts.js";

/**
 * Shows another market without loading the page again.
 *
 * @param {string} wanted
 */
export function show(wanted) {
  if (wanted === symbol.peek()) return;
  symbol.value = wanted;
  history.pushState(null, "", addressOf(wanted));
}

/** @param {string} wanted */
function addressOf(wanted) {
  return `/trade/${wanted.replace("/", "-")}`;
}

/** @param {string} wanted */
function choose(wanted) {
  show(wanted);
  isListOpen.value = false;
}

export function Markets() {
  const [words, setWords] = useState("");
  const found = matching(markets.value, words);
  /** @param {KeyboardEvent} event */
  const onSearch = (event) => {
    if (event.key !== "Enter" || !words.trim() || !found.length) return;
    choose(found[0].symbol);
    setWords("");
    /** @type {HTMLElement} */ (event.target).blur();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "Escape" || !isListOpen.value) return;
    isListOpen.value = false;
    /** @type {HTMLElement | null} */ (document.querySelector(".market-button"))?.focus();
  };
  return html`
    <nav
      class=${`panel markets ${isListOpen.value ? "open" : ""}`}
      aria-label=${gettext("Markets")}
      id="markets"
      onKeyDown=${onKey}
    >
      <header class="panel-head">
        <h2>${gettext("Markets")}</h2>
        <input
          type="search"
          id="market-search"
          aria-label=${gettext("Find a market")}
          placeholder=${gettext("Find")}
          value=${words}
          onInput=${onValue(setWords)}
          onKeyDown=${onSearch}
        />
      </header>
      <div class="columns" aria-hidden="true">
        <span>${gettext("Market")}</span><span>${gettext("Last")}</span
        ><span>${gettext("24 h")}</span>
      </div>
      <ul class=${words.trim() ? "searched" : ""}>
        ${found.map((market) => html`<${Row} key=${market.symbol} symbol=${market.symbol} />`)}
        ${found.length === 0 && html`<li class="nothing">${gettext("No such market")}</li>`}
      </ul>
    </nav>
  `;
}

/** @param {{ symbol: string }} props */
function Row({ symbol: name }) {
  const known = ticker(name).value;
  const [base, quote] = name.split("/");
  /** @param {MouseEvent} event */
  const go = (event) => {
    if (opensElsewhere(event)) return;
    event.preventDefault();
    choose(name);
  };
  return html`
    <li>
      <a
        href=${addressOf(name)}
        aria-current=${name === symbol.value ? "page" : undefined}
        onClick=${go}
        onAuxClick=${onAuxClick}
      >
        <span class="name"><b>${base}</b><small>/${quote}</small></span>
        <span class="last">${known?.last ? grouped(known.last) : "–"}</span>
        <${Change} percent=${known?.change_percent} />
      </a>
    </li>
  `;
}

/**
 * A change with its sign, so that its colour is not all that tells.
 *
 * @param {{ percent?: string | null }} props
 */
export function Change({ percent }) {
  if (percent === null || percent === undefined) return html`<span class="change">–</span>`;
  const isDown = percent.startsWith("-");
  const isNone = /^-?0(\.0+)?$/.test(percent);
  const size = grouped(percent.replace("-", ""));
  const text = isDown ? `−${size}` : isNone ? size : `+${size}`;
  return html`<span class=${`change ${isNone ? "" : isDown ? "down" : "up"}`}
    >${isolated(`${text} %`)}</span
  >`;
}

/** The market that is shown: last price and the last 24 hours. */
export function Summary() {
  const known = ticker(symbol.value).value;
  const direction = known?.change?.startsWith("-") ? "down" : "up";
  return html`
    <div class="summary">
      <b class=${`last ${known?.last ? direction : ""}`}
        >${known?.last ? grouped(known.last) : "–"}</b
      >
      <dl>
        <div>
          <dt>${gettext("24 h")}</dt>
          <dd><${Change} percent=${known?.change_percent} /></dd>
        </div>
        <div>
          <dt>${gettext("High")}</dt>
          <dd>${known?.high ? grouped(known.high) : "–"}</dd>
        </div>
        <div>
          <dt>${gettext("Low")}</dt>
          <dd>${known?.low ? grouped(known.low) : "–"}</dd>
        </div>
        <div>
          <dt>${gettext("Volume")}</dt>
          <dd>${known ? amountOf(compact(known.volume), symbol.value.split("/")[0]) : "–"}</dd>
        </div>
      </dl>
    </div>
  `;
}
