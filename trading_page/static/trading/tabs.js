// Tabs as the ARIA practices have them: one stop of the Tab key, arrow keys between them.

import { byId, html } from "./html.js";

/**
 * `tabs` maps a key to its label. The panel has the id `<name>-panel`.
 *
 * @template {string} Key
 * @param {{
 *   name: string,
 *   label: string,
 *   tabs: Record<Key, string>,
 *   chosen: Key,
 *   choose: (key: Key) => void,
 * }} props
 */
export function Tabs({ name, label, tabs, chosen, choose }) {
  const keys = /** @type {Key[]} */ (Object.keys(tabs));
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!by) return;
    event.preventDefault();
    const ahead = document.dir === "rtl" ? -by : by;
    const next = keys[(keys.indexOf(chosen) + ahead + keys.length) % keys.length];
    choose(next);
    byId(`${name}-${next}`).focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${onKey}>
      ${keys.map(
        (key) => html`
          <button
            type="button"
            role="tab"
            id=${`${name}-${key}`}
            aria-controls=${`${name}-panel`}
            aria-selected=${key === chosen}
            tabindex=${key === chosen ? 0 : -1}
            onClick=${() => choose(key)}
          >
            ${tabs[key]}
          </button>
        `,
      )}
    </div>
  `;
}
