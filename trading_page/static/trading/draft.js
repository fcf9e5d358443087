// What is typed into the order form outlives a reload that the page itself asks for, as another
// language does: the numbers in it are written anew.

/**
 * @import { Form } from "./ticket.js"
 * @typedef {{ symbol: string, form: Form }} Draft
 */

const KEY = "draft";

/** @type {Draft | null} */
let latest = null;

/**
 * The order form as it is now.
 *
 * @param {string} symbol
 * @param {Form} form
 */
export function noteDraft(symbol, form) {
  latest = { symbol, form };
}

/** Loads the page again, and keeps the order form. The login of a tab survives that by itself. */
export function reload() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(latest));
  } catch {
    // Without storage the form begins anew.
  }
  location.reload();
}

/**
 * What was in the order form of a market before the page was loaded again; null if there is nothing.
 *
 * @param {string} symbol
 */
export function takeDraft(symbol) {
  try {
    /** @type {Draft | null} */
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    sessionStorage.removeItem(KEY);
    return kept?.symbol === symbol ? kept.form : null;
  } catch {
    return null;
  }
}
