// The login and the help, as dialogs.

import { useEffect, useRef, useState } from "preact/hooks";
import { NoAnswer, Refusal } from "./api.js";
import { Confirmation } from "./confirm.js";
import { DemoButton } from "./demo.js";
import { html, rendered } from "./html.js";
import { SHORTCUTS } from "./keys.js";
import { lazy } from "./lazy.js";
import { sentenceOf } from "./refusals.js";
import { logIn } from "./session.js";
import { Settings } from "./settings.js";
import { dialog, isDemo } from "./store.js";
import { gettext, unmarked } from "./texts.js";

/**
 * @import { ComponentChildren } from "preact"
 * @import { DialogName } from "./store.js"
 */

/**
 * A modal dialog: the browser keeps the focus inside and gives it back at the end.
 *
 * @param {{ name: DialogName, title: string, children: ComponentChildren }} props
 */
function Dialog({ name, title, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isOpen = dialog.value === name;
  useEffect(() => {
    const shown = rendered(element);
    if (isOpen && !shown.open) shown.showModal();
    if (!isOpen && shown.open) shown.close();
  }, [isOpen]);
  return html`
    <dialog
      ref=${element}
      aria-labelledby=${`${name}-title`}
      onClose=${() => dialog.value === name && (dialog.value = "")}
    >
      <header>
        <h2 id=${`${name}-title`}>${title}</h2>
        <button
          type="button"
          class="close"
          aria-label=${gettext("Close")}
          onClick=${() => (dialog.value = "")}
        >
          ×
        </button>
      </header>
      ${isOpen && children}
    </dialog>
  `;
}

const OrderDetails = lazy(async () => (await import("./account/details.js")).OrderDetails);

export function Dialogs() {
  return html`
    <${Dialog} name="login" title=${gettext("Log in")}><${Login} /><//>
    <${Dialog} name="help" title=${gettext("Keyboard")}><${Help} /><//>
    <${Dialog} name="settings" title=${gettext("Settings")}><${Settings} /><//>
    <${Dialog} name="order" title=${gettext("Order")}><${OrderDetails} /><//>
    <${Dialog} name="confirm" title=${gettext("Send this order?")}><${Confirmation} /><//>
  `;
}

function Login() {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    setBusy(true);
    setError("");
    try {
      const [name, password] = ["username", "password"].map((key) =>
        unmarked(String(fields.get(key))),
      );
      await logIn(name, password);
      dialog.value = "";
    } catch (refusal) {
      if (!(refusal instanceof Refusal || refusal instanceof NoAnswer)) throw refusal;
      setError(refusalOf(refusal));
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="login-form" onSubmit=${submit} onInput=${() => setError("")}>
      <label class="field"
        ><span>${gettext("Name")}</span
        ><input name="username" autocomplete="username" required autofocus
      /></label>
      <label class="field"
        ><span>${gettext("Password")}</span
        ><input name="password" type="password" autocomplete="current-password" required
      /></label>
      <p class="form-error" role="alert">${error}</p>
      <button type="submit" class="primary" disabled=${isBusy}>${gettext("Log in")}</button>
      ${
        isDemo &&
        html`
          <p class="or"><span>${gettext("or")}</span></p>
          <${DemoButton} say=${setError} />
          <p class="hint">${gettext("It has play money, and is yours at once.")}</p>
        `
      }
    </form>
  `;
}

/** @param {Refusal | NoAnswer} refusal */
function refusalOf(refusal) {
  if (refusal instanceof NoAnswer) return refusal.message;
  return refusal.code === "UNAUTHENTICATED"
    ? gettext("The name or the password is wrong")
    : sentenceOf(refusal);
}

function Help() {
  return html`
    <div class="help">
      <table>
        <tbody>
          ${SHORTCUTS.map(
            ({ keys, text }) => html`
              <tr>
                <th scope="row">${keys.map((key) => html`<kbd>${key}</kbd> `)}</th>
                <td>${text}</td>
              </tr>
            `,
          )}
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd></th>
            <td>${gettext("In the book: choose a price and take it into the form")}</td>
          </tr>
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd></th>
            <td>${gettext("In a price or an amount: one step up or down")}</td>
          </tr>
          <tr>
            <th scope="row"><kbd>←</kbd> <kbd>→</kbd></th>
            <td>${gettext("Between tabs")}</td>
          </tr>
        </tbody>
      </table>
    </div>
  `;
}
