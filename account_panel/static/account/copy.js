// A text to be copied by one click.

import { useRef, useState } from "preact/hooks";
import { html, rendered } from "#page/html.js";
import { gettext } from "#page/texts.js";

const TOLD_MS = 2_000;

/** @param {{ name: string, text: string }} props */
export function Copy({ name, text }) {
  const [isDone, setDone] = useState(false);
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const copy = async () => {
    // Browsers have a clipboard on encrypted pages only; elsewhere it is selected, to be copied.
    getSelection()?.selectAllChildren(rendered(code));
    await navigator.clipboard?.writeText(text);
    setDone(Boolean(navigator.clipboard));
    setTimeout(() => setDone(false), TOLD_MS);
  };
  return html`
    <code ref=${code}>${text}</code>
    <button type="button" aria-label=${gettext("Copy: {name}", { name })} onClick=${copy}>
      ${isDone ? gettext("Copied") : gettext("Copy")}
    </button>
    <span class="unseen" role="status">${isDone ? gettext("Copied") : ""}</span>
  `;
}
