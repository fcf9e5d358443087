// The edges of the panels on a desk: dragged, or moved by keys.

import { html } from "../html.js";
import { dragged, hidden, room, sizes, wanted } from "../layout.js";
import { bounds, fitted, PANES, resized } from "../panes.js";
import { gettext } from "../texts.js";

/**
 * @import { Pane } from "../panes.js"
 */

const STEP_PX = 16; // of an arrow key
const FAR_PX = 10_000;

/** The edges of the panels around the chart. */
export function Edges() {
  return html`
    <${Edge} pane="markets" label=${gettext("Width of the list of markets")} />
    <${Edge} pane="book" label=${gettext("Width of the order book")} />
    <${Edge} pane="side" label=${gettext("Width of the order form")} />
    <${Edge} pane="account" label=${gettext("Height of the account")} />
  `;
}

/**
 * An edge that is dragged, or moved by arrow keys; Enter and a double click give the panel the size
 * that it has without being moved.
 *
 * @param {{ pane: Pane, label: string }} props
 */
function Edge({ pane, label }) {
  const { axis } = PANES[pane];
  const { least, most } = bounds(pane, wanted.value, room.value, hidden.value);
  return html`
    <div
      class=${`edge edge-${pane}`}
      role="separator"
      tabindex="0"
      title=${gettext("Drag, or use the arrow keys; a double click or Enter resets")}
      aria-label=${label}
      aria-orientation=${axis === "x" ? "vertical" : "horizontal"}
      aria-valuenow=${fitted(wanted.value, room.value, hidden.value)[pane]}
      aria-valuemin=${least}
      aria-valuemax=${most}
      onPointerDown=${(/** @type {PointerEvent} */ event) => drag(event, pane)}
      onDblClick=${() => forget(pane)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, pane)}
    ></div>
  `;
}

/**
 * @param {PointerEvent} event
 * @param {Pane} pane
 */
function drag(event, pane) {
  if (event.button !== 0) return;
  const edge = /** @type {HTMLElement} */ (event.currentTarget);
  const from = fitted(sizes.peek(), room.peek(), hidden.peek())[pane];
  const [startX, startY] = [event.clientX, event.clientY];
  const listening = new AbortController();
  const { signal: until } = listening;
  /** @param {PointerEvent} moved */
  const follow = ({ clientX, clientY }) => {
    const by = PANES[pane].axis === "x" ? (clientX - startX) * direction() : clientY - startY;
    dragged.value = moved(pane, from + by * PANES[pane].sign);
  };
  const end = () => {
    if (dragged.peek()) sizes.value = dragged.peek() ?? {};
    dragged.value = null;
    listening.abort();
  };
  edge.setPointerCapture(event.pointerId);
  edge.addEventListener("pointermove", follow, { signal: until });
  edge.addEventListener("lostpointercapture", end, { signal: until });
}

/**
 * @param {KeyboardEvent} event
 * @param {Pane} pane
 */
function onKey(event, pane) {
  const { axis, sign } = PANES[pane];
  const now = fitted(sizes.peek(), room.peek(), hidden.peek())[pane];
  const [back, on] = axis === "x" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  const step = STEP_PX * sign * (axis === "x" ? direction() : 1);
  /** @type {Record<string, number>} */
  const places = { [back]: now - step, [on]: now + step, Home: 0, End: FAR_PX };
  if (event.key === "Enter") forget(pane);
  else if (event.key in places) sizes.value = moved(pane, places[event.key]);
  else return;
  event.preventDefault();
}

/**
 * @param {Pane} pane
 * @param {number} px
 */
function moved(pane, px) {
  return resized(pane, px, sizes.peek(), room.peek(), hidden.peek());
}

/** @param {Pane} pane */
function forget(pane) {
  const others = Object.entries(sizes.peek()).filter(([name]) => name !== pane);
  sizes.value = Object.fromEntries(others);
}

/** Where lines begin at the right, panels are the other way round. */
function direction() {
  return getComputedStyle(document.documentElement).direction === "rtl" ? -1 : 1;
}
