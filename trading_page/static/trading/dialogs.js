// The login and the help, as dialogs.

import { useEffect, useRef, useState } from "preact/hooks";
import { NoAnswer, Refusal } from "./api.js";
import { Confirmation } from "./confirm.js";
import { DemoButton } from "./demo.js";
import { html, rendered } from "./html.js";
import { SHORTCUTS } from "./keys.js";
import { lazy } from "./lazy.js";
import { logIn } from "./session.js";
import { Settings } from "./settings.js";
import { dialog, isDemo } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { ComponentChildren } from "preact"
 * @import { DialogName } from "./store.js"
 */

const AmendmentQuestion = lazy(
  async () => (await import("./charting/amendment.js")).AmendmentQuestion,
);

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
        <button type="button" class="close" aria-label="Close" onClick=${() => (dialog.value = "")}>
          ×
        </button>
      </header>
      ${isOpen && children}
    </dialog>
  `;
}

export function Dialogs() {
  return html`
    <${Dialog} name="login" title="Log in"><${Login} /><//>
    <${Dialog} name="help" title="Keyboard"><${Help} /><//>
    <${Dialog} name="settings" title=${gettext("Settings")}><${Settings} /><//>
    <${Dialog} name="confirm" title="Send this order?"><${Confirmation} /><//>
    <${Dialog} name="amend" title=${gettext("Move this order?")}><${AmendmentQuestion} /><//>
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
      await logIn(String(fields.get("username")), String(fields.get("password")));
      dialog.value = "";
    } catch (refusal) {
      if (!(refusal instanceof Refusal || refusal instanceof NoAnswer)) throw refusal;
      setError(refusal.message);
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="login-form" onSubmit=${submit} onInput=${() => setError("")}>
      <label class="field"
        ><span>Name</span><input name="username" autocomplete="username" required autofocus
      /></label>
      <label class="field"
        ><span>Password</span
        ><input name="password" type="password" autocomplete="current-password" required
      /></label>
      <p class="form-error" role="alert">${error}</p>
      <button type="submit" class="primary" disabled=${isBusy}>Log in</button>
      ${
        isDemo &&
        html`
          <p class="or"><span>or</span></p>
          <${DemoButton} say=${setError} />
          <p class="hint">It has play money, and is yours at once.</p>
        `
      }
    </form>
  `;
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
            <td>In the book: choose a price and take it into the form</td>
          </tr>
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd></th>
            <td>In a price or an amount: one step up or down</td>
          </tr>
          <tr>
            <th scope="row"><kbd>←</kbd> <kbd>→</kbd></th>
            <td>Between tabs</td>
          </tr>
        </tbody>
      </table>
    </div>
  `;
}
