// Shortcuts of single keys. They can be turned off, because speech input may press them by
// accident.

import { TIMEFRAMES } from "./chart.js";
import { toggle } from "./preferences.js";
import { account } from "./session.js";
import { dialog, isListOpen, picked, timeframe } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { Order } from "./answers.d.ts"
 * @typedef {{ keys: string[], text: string, act: (key: string) => void }} Shortcut
 */

export const shortcutsAreOn = toggle("shortcuts", true);

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { keys: ["b"], text: gettext("Buy: side and amount"), act: () => side("buy") },
  { keys: ["s"], text: gettext("Sell: side and amount"), act: () => side("sell") },
  { keys: ["p"], text: gettext("Price"), act: () => focus("order-price") },
  {
    keys: ["a"],
    text: gettext("Amount"),
    act: () => focus("order-quantity") || focus("order-quote_quantity"),
  },
  {
    keys: ["o"],
    text: gettext("Order book"),
    act: () => /** @type {HTMLElement | null} */ (document.querySelector(".ladder"))?.focus(),
  },
  { keys: ["/"], text: gettext("Find a market"), act: findMarket },
  {
    keys: TIMEFRAMES.map((_, index) => String(index + 1)),
    text: gettext("Timeframe: {list}", { list: TIMEFRAMES.join(", ") }),
    act: chooseTimeframe,
  },
  { keys: ["l"], text: gettext("Log in"), act: askForLogin },
  { keys: ["?"], text: gettext("This list"), act: () => (dialog.value = "help") },
];

export function listen() {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const isTyped =
      target instanceof Element && target.closest("input, select, textarea, [contenteditable]");
    if (
      !shortcutsAreOn.value ||
      isTyped ||
      dialog.value ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    ) {
      return;
    }
    const found = SHORTCUTS.find(({ keys }) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found.act(event.key);
  });
}

/** @param {Order["side"]} wanted */
function side(wanted) {
  picked.value = { side: wanted };
  if (!focus("order-quantity")) focus("order-quote_quantity");
}

/** Who is logged in is asked nothing. */
function askForLogin() {
  if (account.peek() === null) dialog.value = "login";
}

function findMarket() {
  isListOpen.value = true;
  // What is typed next is for it; where it is not shown yet, it will be in the next frame.
  if (!focus("market-search")) requestAnimationFrame(() => focus("market-search"));
}

/** @param {string} key */
function chooseTimeframe(key) {
  timeframe.value = TIMEFRAMES[Number(key) - 1];
}

/**
 * Returns whether it has the focus then: what is not there or not shown cannot have it.
 *
 * @param {string} id
 */
function focus(id) {
  const element = document.getElementById(id);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
  return element !== null && document.activeElement === element;
}
