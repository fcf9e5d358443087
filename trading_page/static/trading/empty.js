// What a list says that has nothing in it: what will be there, and what to do next.

import { DemoButton } from "./demo.js";
import { byId, html } from "./html.js";
import { account } from "./session.js";
import { dialog, picked } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { ComponentChildren } from "preact"
 */

/** @param {{ title: string, hint?: string, children?: ComponentChildren }} props */
export function Empty({ title, hint, children }) {
  return html`
    <div class="empty">
      <p>${title}</p>
      ${hint && html`<p class="hint">${hint}</p>`}
      <div class="ways">${children}</div>
    </div>
  `;
}

/** Leads to the order form, and to the size in it. */
export function toOrderForm() {
  const form = byId("order-form");
  picked.value = { side: "buy" };
  form.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement | null} */ (form.querySelector("input[name^=qu]"))?.focus();
}

/** A button that leads there. */
export function ToOrderForm() {
  return html`
    <button type="button" class="primary" onClick=${toOrderForm}>
      ${gettext("Go to the order form")}
    </button>
  `;
}

/** What the account shows to who is not logged in. */
export function Stranger() {
  if (account.value !== null) return null;
  return html`
    <${Empty}
      title=${gettext("Log in to see what is yours")}
      hint=${gettext("Open orders, past ones, trades, balances and the ledger of your account.")}
    >
      <button type="button" class="primary" onClick=${() => (dialog.value = "login")}>
        ${gettext("Log in")}
      </button>
      <${DemoButton} />
    <//>
  `;
}
