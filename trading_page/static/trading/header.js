// The top of the page: the market, the connection, the theme, the account.

import { useState } from "preact/hooks";
import { html } from "./html.js";
import { onAuxClick, opensElsewhere } from "./links.js";
import { account, logOut } from "./session.js";
import { connection, dialog, isListOpen, symbol, tradingState } from "./store.js";
import { Summary } from "./summary.js";
import { gettext } from "./texts.js";

/**
 * @import { Market } from "./answers.d.ts"
 */

export function Header() {
  return html`
    <header class="top">
      <a
        class="brand"
        href="/"
        aria-label=${gettext("Trade Engine, home")}
        onClick=${opensElsewhere}
        onAuxClick=${onAuxClick}
        ><i aria-hidden="true"></i><span>Trade Engine</span></a
      >
      <button
        type="button"
        class="market-button"
        aria-expanded=${isListOpen.value}
        aria-controls="markets"
        onClick=${toggleList}
      >
        ${symbol.value}<span aria-hidden="true"> ▾</span>
      </button>
      <h1>${symbol.value}</h1>
      <${TradingState} />
      <${Summary} />
      <${Connection} />
      <div class="tools">
        <button
          type="button"
          class="settings-button"
          onClick=${() => (dialog.value = "settings")}
          title=${gettext("Settings")}
          aria-label=${gettext("Settings")}
        >
          <span aria-hidden="true">⚙</span>
        </button>
        <button
          type="button"
          class="keys"
          onClick=${() => (dialog.value = "help")}
          title=${gettext("Keyboard")}
          aria-label=${gettext("Help: keyboard")}
        >
          <span aria-hidden="true">?</span>
        </button>
        <${Account} />
      </div>
    </header>
  `;
}

function toggleList() {
  isListOpen.value = !isListOpen.value;
}

/** @type {Partial<Record<Market["trading_state"] | "", string>>} */
const TRADING_STATES = {
  pre_open: gettext("Opens soon"),
  halted: gettext("Halted"),
  post_only: gettext("Post-only"),
  closed: gettext("Closed"),
};

/** What the order form says at length, where everybody sees it. */
function TradingState() {
  const text = TRADING_STATES[tradingState.value];
  return text ? html`<b class="trading-state">${text}</b>` : null;
}

const STATES = {
  connecting: gettext("Connecting…"),
  live: gettext("Live"),
  reconnecting: gettext("Reconnecting…"),
  recovered: gettext("Recovered"),
};

function Connection() {
  return html`
    <p class=${`connection ${connection.value}`} role="status" id="connection">
      <i aria-hidden="true"></i>${STATES[connection.value]}
    </p>
  `;
}

function Account() {
  const [isLeaving, setLeaving] = useState(false);
  if (account.value === null) {
    return html`<button type="button" class="login" onClick=${() => (dialog.value = "login")}>
      ${gettext("Log in")}
    </button>`;
  }
  const leave = async () => {
    setLeaving(true);
    await logOut();
    setLeaving(false);
  };
  return html`
    <span class="who" title=${gettext("Logged in")}>${account.value}</span>
    <button type="button" onClick=${leave} disabled=${isLeaving}>${gettext("Log out")}</button>
  `;
}
