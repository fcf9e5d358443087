// Tabs as the ARIA practices have them: one stop of the Tab key, arrow keys between them.

import { html } from "./html.js";

/** `tabs` maps a key to its label. The panel has the id `<name>-panel`. */
export function Tabs({ name, label, tabs, chosen, choose }) {
  const keys = Object.keys(tabs);
  const onKey = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = keys[(keys.indexOf(chosen) + by + keys.length) % keys.length];
    choose(next);
    document.getElementById(`${name}-${next}`).focus();
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
