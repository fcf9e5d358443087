// Parts of the page that are loaded when somebody wants to see them.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "./html.js";
import { gettext } from "./texts.js";

/**
 * @import { ComponentType } from "preact"
 */

/**
 * A component that stands for one that is not loaded yet. One that could not be loaded is tried
 * again when it is shown again.
 *
 * @param {() => Promise<ComponentType>} load
 */
export function later(load) {
  const loaded = signal(/** @type {ComponentType | null} */ (null));
  const text = signal("");
  const begin = async () => {
    text.value = gettext("Loading…");
    try {
      const found = await load();
      loaded.value = found;
    } catch {
      text.value = gettext("This could not be loaded. Open it again.");
    }
  };
  return function Later() {
    useEffect(() => {
      if (!loaded.peek()) begin();
    }, []);
    if (loaded.value) return html`<${loaded.value} />`;
    return html`<p class="nothing" role="status">${text.value}</p>`;
  };
}
