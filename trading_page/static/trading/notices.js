// What the page has to say. Notices have a place of their own below the order form, in which they
// cover nothing. When that is out of sight they are at the top, and what is being worked on moves
// out from below.

import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { byId, html, rendered } from "./html.js";
import { posted, shownMs } from "./notes.js";
import { reportOf } from "./reports.js";
import { account } from "./session.js";
import { knownOrder, marketOf } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @import { Note, NoteKind } from "./notes.js"
 */

const notices = signal(/** @type {Note[]} */ ([]));
/** @type {Map<string, ReturnType<typeof setTimeout>>} By key. */
const timers = new Map();

/**
 * Shows a message, which assistive technology reads out, in place of an earlier one with this key.
 * One goes by itself unless it is an error or to be kept.
 *
 * @param {string} text
 * @param {NoteKind} kind
 * @param {string} key
 */
export function tell(text, kind = "info", key = text) {
  const note = { key, text, kind };
  clearTimeout(timers.get(key));
  timers.delete(key);
  // Not `value`: an effect may tell something without following what is told.
  notices.value = posted(notices.peek(), note);
  if (shownMs(note)) {
    timers.set(
      key,
      setTimeout(() => dismiss(key), shownMs(note)),
    );
  }
}

/** Tells that a module, which is loaded when it is wanted, did not come. */
export function tellUnloaded() {
  tell(gettext("This could not be loaded. Try again, or reload the page."), "error", "loading");
}

/** @param {string} key */
export function dismiss(key) {
  clearTimeout(timers.get(key));
  timers.delete(key);
  if (isTold(key)) notices.value = notices.peek().filter((note) => note.key !== key);
}

/** @param {string} key */
export function isTold(key) {
  return notices.peek().some((note) => note.key === key);
}

/**
 * Tells what has become of an order so far, in the one notice that it has. The answer to a request
 * may be older than what the stream has told.
 *
 * @param {Order} order
 */
export function tellOrder(order) {
  const known = knownOrder(order.id);
  const newest = known && known.updated_at > order.updated_at ? known : order;
  const { text, kind } = reportOf(newest, marketOf(order.symbol)?.price_decimals ?? 8);
  tell(text, kind, order.id);
}

export function Notices() {
  const board = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = notices.value;
  useLayoutEffect(() => setUp(rendered(board)), [shown]);
  return html`
    <div
      ref=${board}
      class="notices"
      role="log"
      aria-live="polite"
      aria-label=${gettext("Notices")}
    >
      ${[...shown].reverse().map(
        ({ key, text, kind }) => html`
          <p key=${key} class=${`notice ${kind}`}>
            <span>${text}</span>
            <button
              type="button"
              class="close"
              aria-label=${gettext("Dismiss")}
              onClick=${() => dismiss(key)}
            >
              ×
            </button>
          </p>
        `,
      )}
    </div>
  `;
}

const AROUND_PX = 8;

/** @param {HTMLElement} board */
function setUp(board) {
  const { bottom } = byId("order-form").getBoundingClientRect();
  const isInSight = bottom > 0 && bottom <= innerHeight;
  board.classList.toggle("floating", !isInSight);
  if (!isInSight) uncover(board);
  else if (board.firstElementChild) board.scrollIntoView({ block: "nearest" });
}

/**
 * Moves what has the focus out from below the notices, where these lie over the page.
 *
 * @param {HTMLElement} board
 */
function uncover(board) {
  const focused = document.activeElement;
  if (!focused || focused === document.body || getComputedStyle(board).position !== "fixed") return;
  const { top, bottom } = focused.getBoundingClientRect();
  const edge = board.getBoundingClientRect().bottom + AROUND_PX;
  if (top < edge && bottom > 0 && !board.contains(focused)) scrollBy(0, top - edge);
}

// Nobody hears of another's orders.
effect(() => {
  if (account.value === null) notices.value = notices.peek().filter(({ kind }) => kind === "keep");
});
