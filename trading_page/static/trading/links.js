// Links inside the exchange that keep the login: it belongs to a tab, and a tab that the browser
// opens by itself begins without it.

import { account } from "./session.js";

/**
 * Opens another tab if that is what a click means, with a copy of this tab's login; returns whether
 * it was meant. The tab cannot be told not to know its opener from the start, for then nothing would
 * be copied.
 *
 * @param {MouseEvent} event On a link.
 */
export function opensElsewhere(event) {
  const isMeant = event.button === 1 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!isMeant || account.peek() === null) return isMeant;
  event.preventDefault();
  const opened = window.open(/** @type {HTMLAnchorElement} */ (event.currentTarget).href, "_blank");
  if (opened) opened.opener = null;
  return true;
}

/**
 * The same for buttons of the mouse that make no click.
 *
 * @param {MouseEvent} event
 */
export function onAuxClick(event) {
  if (event.button === 1) opensElsewhere(event);
}
