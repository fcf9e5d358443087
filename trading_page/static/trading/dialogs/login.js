// The login.

import { useState } from "preact/hooks";
import { NoAnswer, Refusal } from "../api.js";
import { DemoButton } from "../demo.js";
import { html } from "../html.js";
import { logIn } from "../session.js";
import { dialog, isDemo } from "../store.js";

export function Login() {
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
