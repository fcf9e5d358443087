// The panel of the chart: which one, of which timeframe, and its tools. What draws comes when it is
// shown.

import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { ToolButton } from "./controls.js";
import { isFull, toggleFull } from "./fullscreen.js";
import { byId, html, rendered } from "./html.js";
import { lazy } from "./lazy.js";
import { market, timeframe } from "./store.js";
import { Tabs } from "./tabs.js";
import { gettext } from "./texts.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { Timeframe } from "../streams/stream.js"
 */

/** @type {Timeframe[]} */
export const TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d", "1w"];

const Candles = lazy(async () => {
  // Behind all that is painted first, and at once: else the browser would find one import at a time.
  document.head.append(/** @type {HTMLTemplateElement} */ (byId("chart-modules")).content);
  return (await import("#charting/candles.js")).Candles;
});
const Depth = lazy(async () => (await import("#charting/depth.js")).Depth);
const IndicatorMenu = lazy(async () => (await import("#charting/menu.js")).IndicatorMenu);
const DrawingTools = lazy(async () => {
  await import("#charting/sketches.js"); // a tool in hand draws at once
  return (await import("#charting/tools.js")).DrawingTools;
});

/** What is shown beside the candles. */
const menuIsOpen = signal(false);
export const toolsAreOpen = signal(false);

export function Chart() {
  const [tab, setTab] = useState("candles");
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = market.value;
  const hasCandles = tab === "candles";
  return html`
    <section
      ref=${panel}
      class=${`panel chart ${isFull.value ? "full" : ""}`}
      aria-label=${gettext("Chart")}
    >
      <header class="panel-head">
        <${Tabs}
          name="chart"
          label=${gettext("Kind of chart")}
          tabs=${{ candles: gettext("Candles"), depth: gettext("Depth") }}
          chosen=${tab}
          choose=${setTab}
        />
        ${hasCandles && html`<${Timeframes} />`}
        <div class="chart-tools">
          ${hasCandles && html`<${CandleTools} />`}
          <${ToolButton}
            label=${isFull.value ? gettext("Leave full screen") : gettext("Full screen")}
            icon=${isFull.value ? ICONS.small : ICONS.full}
            onClick=${() => toggleFull(rendered(panel))}
          />
        </div>
      </header>
      <div id="chart-panel" class="chart-body" role="tabpanel" aria-labelledby=${`chart-${tab}`}>
        ${
          shown &&
          hasCandles &&
          html`
            <${Candles}
              key=${`${shown.symbol} ${timeframe.value}`}
              market=${shown}
              timeframe=${timeframe.value}
            />
            ${menuIsOpen.value && html`<${IndicatorMenu} close=${() => (menuIsOpen.value = false)} />`}
            ${toolsAreOpen.value && html`<${DrawingTools} symbol=${shown.symbol} />`}
          `
        }
        ${shown && tab === "depth" && html`<${Depth} market=${shown} />`}
      </div>
    </section>
  `;
}

function Timeframes() {
  return html`
    <div class="timeframes" role="group" aria-label=${gettext("Timeframe")}>
      ${TIMEFRAMES.map(
        (name) => html`
          <button
            type="button"
            aria-pressed=${name === timeframe.value}
            onClick=${() => (timeframe.value = name)}
          >
            ${name}
          </button>
        `,
      )}
    </div>
  `;
}

function CandleTools() {
  return html`
    <${Switch} of=${menuIsOpen} label=${gettext("Indicators")} icon=${ICONS.indicators} />
    <${Switch} of=${toolsAreOpen} label=${gettext("Draw")} icon=${ICONS.draw} />
  `;
}

/** @param {{ of: Signal<boolean>, label: string, icon: string }} props */
function Switch({ of, label, icon }) {
  return html`<${ToolButton}
    label=${label}
    icon=${icon}
    expanded=${of.value}
    onClick=${() => (of.value = !of.value)}
  />`;
}

const ICONS = {
  indicators: "M1 12 5 7l3 3 6-8M1 15h14",
  draw: "m2 14 1-4 8-8 3 3-8 8zM9 4l3 3",
  full: "M2 6V2h4m4 0h4v4m0 4v4h-4m-4 0H2v-4",
  small: "M6 2v4H2m12 0h-4V2m0 12v-4h4M2 10h4v4",
};
