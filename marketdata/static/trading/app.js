// The trading page: puts the panels together and begins.

import { effect } from "@preact/signals";
import { render } from "preact";
import { useState } from "preact/hooks";
import { Account } from "./account.js";
import { call } from "./api.js";
import { Chart } from "./chart.js";
import { Dialogs } from "./dialogs.js";
import { OrderForm } from "./form.js";
import { Header } from "./header.js";
import { html } from "./html.js";
import { listen } from "./keys.js";
import { Book } from "./ladder.js";
import { goLive } from "./live.js";
import { Markets } from "./markets.js";
import { resolveDoubt } from "./placing.js";
import { account, restore } from "./session.js";
import { markets, page, symbol, ticker } from "./store.js";
import { Tape } from "./tape.js";

const RETRY_MS = 2_000;

function App() {
  const [isListOpen, setListOpen] = useState(false);
  return html`
    <a class="skip" href="#order-form">To the order form</a>
    <${Header} isListOpen=${isListOpen} toggleList=${() => setListOpen(!isListOpen)} />
    <main class="desk">
      <${Markets} isOpen=${isListOpen} close=${() => setListOpen(false)} />
      <${Chart} />
      <${Book} />
      <${OrderForm} />
      <${Tape} />
      <${Account} />
    </main>
    <footer class="foot">
      <a href="/api/docs">API</a>
      <a href="https://www.tradingview.com/" rel="noopener noreferrer" target="_blank">Charts by TradingView</a>
      <span>Times are in your time zone</span>
    </footer>
    <${Dialogs} />
  `;
}

/** Reads the markets, again and again until they are there. */
async function readMarkets() {
  const answer = await call("GET", "/markets?limit=1000").catch(() => null);
  if (answer) markets.value = answer.data;
  else setTimeout(readMarkets, RETRY_MS);
}

function followAddress() {
  addEventListener("popstate", () => {
    const named = /^\/trade\/([^/]+)/.exec(location.pathname)?.[1].replace("-", "/").toUpperCase();
    symbol.value = named ?? page.symbol;
  });
}

restore();
render(html`<${App} />`, document.getElementById("app"));
effect(() => {
  const last = ticker(symbol.value).value?.last;
  document.title = `${last ? `${last} · ` : ""}${symbol.value} · Trade Engine`;
});
effect(() => {
  if (account.value !== null) resolveDoubt();
});
followAddress();
listen();
goLive();
readMarkets();
