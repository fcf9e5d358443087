// Light, dark, or as the system has it.

import { effect, signal } from "@preact/signals";
import { choice } from "./preferences.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: light)");
export const theme = choice("theme", /** @type {const} */ (["system", "light", "dark"]));
const changes = signal(0);

/**
 * Calls `taker` whenever colours have changed. Returns how to stop that.
 *
 * @param {() => void} taker
 */
export function onTheme(taker) {
  let isFirst = true;
  return effect(() => {
    if (changes.value >= 0 && !isFirst) taker();
    isFirst = false;
  });
}

/** The palette as it is now, for what is painted on a canvas. */
export function colours() {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    panel: of("--panel"),
    text: of("--text"),
    muted: of("--muted"),
    line: of("--line"),
    grid: of("--grid"),
    up: of("--up"),
    down: of("--down"),
    upTint: of("--up-tint"),
    downTint: of("--down-tint"),
    accent: of("--accent"),
  };
}

effect(() => {
  if (theme.value === "system") delete root.dataset.theme;
  else root.dataset.theme = theme.value;
  changes.value = changes.peek() + 1;
});
system.addEventListener("change", () => {
  changes.value = changes.peek() + 1;
});
