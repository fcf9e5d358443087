// The login.

import { useState } from "preact/hooks";
import { NoAnswer, Refusal } from "../api.js";
import { DemoButton } from "../demo.js";
import { html } from "../html.js";
import { sentenceOf } from "../refusals.js";
import { logIn } from "../session.js";
import { dialog, isDemo } from "../store.js";
import { gettext, unmarked } from "../texts.js";

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
