// The trading page: puts the panels together and begins.

import { effect } from "@preact/signals";
import { h, render } from "preact";
import { Account } from "./account.js";
import { followAlerts } from "./alerts.js";
import { Chart } from "./chart.js";
import { Dialogs } from "./dialogs.js";
import { OrderForm } from "./form.js";
import { Header } from "./header.js";
import { byId, html } from "./html.js";
import { listen } from "./keys.js";
import { Book } from "./ladder.js";
import { arrange, Edges } from "./layout.js";
import { ahead } from "./lazy.js";
import { goLive } from "./live.js";
import { Markets } from "./markets.js";
import { dismiss, Notices, tell } from "./notices.js";
import { grouped } from "./numbers.js";
import { firstMarkets, readMarkets } from "./opening.js";
import "./positions.js"; // follows the account by itself
import { account, ended, restore } from "./session.js";
import { markets, page, symbol, ticker } from "./store.js";
import { Tape } from "./tape.js";
import { gettext } from "./texts.js";
import { zoneNote } from "./times.js";
import { TradeBar } from "./tradebar.js";

const RETRY_MS = 2_000;
const TITLE_EVERY_MS = 500;
const ENDED = "login"; // the key of its notice

function App() {
  return html`
    <a class="skip" href="#order-form">${gettext("To the order form")}</a>
    <${Header} />
    <main class="desk">
      <${Markets} />
      <${Chart} />
      <${Book} />
      <div class="side">
        <${OrderForm} />
        <${Notices} />
        <${Tape} />
      </div>
      <${Account} />
      <${Edges} />
    </main>
    <footer class="foot">
      <a href="/api/docs">${gettext("API")}</a>
      <a href="https://www.tradingview.com/" rel="noopener noreferrer" target="_blank"
        >${gettext("Charts by TradingView")}</a
      >
      <span>${zoneNote()}</span>
    </footer>
    <${TradeBar} />
    <${Dialogs} />
  `;
}

/** Takes the markets, and reads them again and again until they are there. */
async function takeMarkets(reading = firstMarkets) {
  const answer = await reading;
  if (answer) markets.value = answer.data;
  else setTimeout(() => takeMarkets(readMarkets()), RETRY_MS);
}

/**
 * The last price in the tab's title: changing it is work for the whole browser, so not with every
 * trade.
 */
function followTitle() {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  const write = () => {
    timer = null;
    const last = ticker(symbol.peek()).peek()?.last;
    document.title = `${last ? `${grouped(last)} · ` : ""}${symbol.peek()} · Trade Engine`;
  };
  effect(() => {
    void ticker(symbol.value).value; // read, so that the effect follows it
    timer ??= setTimeout(write, TITLE_EVERY_MS);
  });
}

function followAddress() {
  addEventListener("popstate", () => {
    const named = /^\/trade\/([^/]+)/.exec(location.pathname)?.[1].replace("-", "/").toUpperCase();
    symbol.value = named ?? page.symbol ?? "";
  });
}

restore();
arrange();
byId("app").replaceChildren(); // what the server has shown meanwhile: templates/trading/shell.html
render(h(App, {}), byId("app"));
followTitle();
effect(() => {
  if (account.value !== null) dismiss(ENDED);
});
effect(() => {
  if (ended.value) tell(gettext("Your login has ended. Log in again to go on."), "error", ENDED);
});
followAddress();
listen();
goLive();
followAlerts();
takeMarkets();
// What whoever has logged in works with.
ahead(() => Promise.all([import("./sending.js"), import("./orders.js")]));
