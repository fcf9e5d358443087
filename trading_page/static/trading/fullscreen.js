// One panel over the whole screen, or where a browser does not do that, over the whole window.

import { signal } from "@preact/signals";

export const isFull = signal(false);

/**
 * Escape leaves as well: of the screen by the browser itself.
 *
 * @param {HTMLElement} panel
 */
export async function toggleFull(panel) {
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (isFull.peek()) isFull.value = false;
  else {
    isFull.value = true;
    await panel.requestFullscreen?.().catch(() => {}); // it fills the window then
  }
}

document.addEventListener("fullscreenchange", () => {
  isFull.value = document.fullscreenElement !== null;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.fullscreenElement) return;
  if (!document.querySelector("dialog[open]")) isFull.value = false;
});
