// The tools that draw on the chart.

import { useEffect } from "preact/hooks";
import { ToolButton } from "#page/controls.js";
import { html } from "#page/html.js";
import { gettext } from "#page/texts.js";
import { canUndo, chosen, removeChosen, tool, undo } from "./board.js";

/**
 * @import { DrawingKind } from "./drawings.js"
 */

/** @type {Record<DrawingKind, string>} */
const ICONS = {
  trend: "M3 13 13 3",
  horizontal: "M1 8h14",
  rectangle: "M2 4h12v8H2z",
  fibonacci: "M1 2h14M1 6h14M1 9h14M1 14h14",
};
const UNDO = "M6 3 2 7l4 4M2 7h7a4 4 0 0 1 0 7";
const REMOVE = "M3 4h10M6 4V2h4v2m2 0-1 10H5L4 4";

/** @param {{ symbol: string }} props */
export function DrawingTools({ symbol }) {
  useEffect(() => putToolDown, []);
  return html`
    <div class="drawing-tools" role="group" aria-label=${gettext("Drawing tools")}>
      ${Object.entries(toolNames()).map(
        ([kind, name]) => html`
          <${ToolButton}
            label=${name}
            icon=${ICONS[/** @type {DrawingKind} */ (kind)]}
            pressed=${tool.value === kind}
            onClick=${() => take(/** @type {DrawingKind} */ (kind))}
          />
        `,
      )}
      <${ToolButton}
        label=${gettext("Undo")}
        icon=${UNDO}
        disabled=${!canUndo(symbol)}
        onClick=${() => undo(symbol)}
      />
      <${ToolButton}
        label=${gettext("Delete the chosen drawing")}
        icon=${REMOVE}
        disabled=${chosen.value === null}
        onClick=${() => removeChosen(symbol)}
      />
    </div>
  `;
}

function putToolDown() {
  tool.value = null;
}

/** @param {DrawingKind} kind */
function take(kind) {
  tool.value = tool.peek() === kind ? null : kind;
}

/** @returns {Record<DrawingKind, string>} */
function toolNames() {
  return {
    trend: gettext("Trend line"),
    horizontal: gettext("Horizontal line"),
    rectangle: gettext("Rectangle"),
    fibonacci: gettext("Fibonacci levels"),
  };
}
