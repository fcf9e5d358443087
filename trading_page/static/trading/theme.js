// Light, dark, or as the system has it. The choice is kept in localStorage.

import { effect, signal } from "@preact/signals";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: light)");
/** @typedef {"system" | "light" | "dark"} Theme */
/** @type {Theme[]} */
const THEMES = ["system", "light", "dark"];

export const theme = signal(/** @type {Theme} */ (root.dataset.theme ?? "system"));
const changes = signal(0);

export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
}

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
  try {
    if (theme.value === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme.value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  changes.value = changes.peek() + 1;
});
system.addEventListener("change", () => {
  changes.value = changes.peek() + 1;
});
