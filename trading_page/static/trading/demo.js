// One button that gives a visitor an account with play money. Only a demo copy has it.

import { useState } from "preact/hooks";
import { NoAnswer, Refusal } from "./api.js";
import { html } from "./html.js";
import { tell } from "./notices.js";
import { sentenceOf } from "./refusals.js";
import { account, tryDemo } from "./session.js";
import { dialog, isDemo } from "./store.js";
import { gettext } from "./texts.js";

/**
 * `say` is told what went wrong, else it is a notice.
 *
 * @param {{ say?: (text: string) => void }} props
 */
export function DemoButton({ say = (text) => tell(text, "error") }) {
  const [isBusy, setBusy] = useState(false);
  if (!isDemo || account.value !== null) return null;
  const open = async () => {
    setBusy(true);
    try {
      const { username, password } = await tryDemo();
      tell(
        gettext("Your demo account is {username}, its password {password}: keep it to come back", {
          username,
          password,
        }),
        "keep",
      );
      dialog.value = "";
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof NoAnswer)) throw error;
      say(whyNot(error));
    } finally {
      setBusy(false);
    }
  };
  return html`<button type="button" class="demo" disabled=${isBusy} onClick=${open}>
    ${gettext("Try with a demo account")}
  </button>`;
}

/** @param {Refusal | NoAnswer} error */
function whyNot(error) {
  if (error instanceof NoAnswer) return error.message;
  return error.code === "RATE_LIMITED"
    ? gettext("No more demo accounts for now; use an existing one")
    : sentenceOf(error);
}
