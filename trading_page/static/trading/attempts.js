// What is asked of the exchange and may be repeated without harm, and how it says no.

import { NoAnswer, Refusal } from "./api.js";
import { sentenceOf } from "./refusals.js";
import { gettext, isolated } from "./texts.js";

/**
 * Does it, and says why not; returns whether it was done. Both may be repeated without harm.
 *
 * @param {() => Promise<unknown>} act
 * @param {(text: string) => void} say
 */
export async function attempt(act, say) {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) say(gettext("No answer came: the list shows what became of it"));
    else if (error instanceof Refusal) say(`${reasonOf(error)} ${isolated(`(${error.code})`)}`);
    else throw error;
    return false;
  }
}

/** @param {Refusal} refusal */
function reasonOf(refusal) {
  return refusal.code === "VALIDATION_ERROR"
    ? Object.values(refusal.details).flat().join(" ")
    : sentenceOf(refusal);
}
