// The places of the panels on a desk, as a person has set them.

import { computed, effect, signal } from "@preact/signals";
import { html } from "./html.js";
import { areSizes, fitted, NAMES } from "./panes.js";
import { preference, toggle } from "./preferences.js";
import { isListOpen } from "./store.js";

/**
 * @import { ComponentType } from "preact"
 * @import { Pane, Sizes } from "./panes.js"
 */

const DESK = matchMedia("(min-width: 1100px)");
const AROUND = { width: 30, height: 104 }; // the gaps between the panels; header and footer, too
const LEAST_HEIGHT = 620; // of a desk, as the style sheet has it
const RETRY_MS = 2_000;

export const sizes = preference("sizes of panels", /** @type {Sizes} */ ({}), areSizes);
export const isMarketsShown = toggle("list of markets shown", true);
export const isTapeShown = toggle("trades shown", true);
export const isAccountShown = toggle("account shown", true);

export const room = signal(roomNow());
/** What is set while an edge is being dragged; kept when it is let go. */
export const dragged = signal(/** @type {Sizes | null} */ (null));
export const hidden = computed(() => {
  /** @type {Pane[]} */
  const panes = [];
  if (!isMarketsShown.value && !isListOpen.value) panes.push("markets");
  if (!isAccountShown.value) panes.push("account");
  return panes;
});
export const wanted = computed(() => dragged.value ?? sizes.value);

/** Puts everything where it is without being moved. */
export function resetLayout() {
  sizes.value = {};
  for (const isShown of [isMarketsShown, isTapeShown, isAccountShown]) isShown.value = true;
}

/** Gives the panels their places, from now on. */
export function arrange() {
  const root = document.documentElement;
  addEventListener("resize", () => (room.value = roomNow()));
  effect(() => {
    const found = fitted(wanted.value, room.value, hidden.value);
    for (const pane of NAMES) root.style.setProperty(`--${pane}-size`, `${found[pane]}px`);
  });
  effect(() => {
    const names = { markets: isMarketsShown, tape: isTapeShown, account: isAccountShown };
    const left = Object.entries(names).filter(([, isShown]) => !isShown.value);
    root.dataset.hidden = left.map(([name]) => name).join(" ");
  });
  loadEdges();
}

function roomNow() {
  return {
    width: innerWidth - AROUND.width,
    height: Math.max(innerHeight, LEAST_HEIGHT) - AROUND.height,
  };
}

const loaded = signal(/** @type {ComponentType | null} */ (null));

/** The edges to move the panels by, once they are loaded: they change nothing of what is shown. */
export function Edges() {
  return loaded.value && html`<${loaded.value} />`;
}

async function loadEdges() {
  if (!DESK.matches || loaded.peek()) return;
  try {
    loaded.value = (await import("./arranging/edges.js")).Edges;
  } catch {
    setTimeout(loadEdges, RETRY_MS);
  }
}

// Where panels are below each other, an open list of markets is not one of them.
DESK.addEventListener("change", () => {
  isListOpen.value = false;
  loadEdges();
});
