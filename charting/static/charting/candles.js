// The chart of candles as a component.

import { useEffect, useRef } from "preact/hooks";
import { html, rendered } from "#page/html.js";
import { gettext } from "#page/texts.js";
import { CandleView } from "./view.js";

/**
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Market } from "#page/answers.d.ts"
 */

/** @param {{ market: Market, timeframe: Timeframe }} props */
export function Candles({ market, timeframe }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const words = useRef(/** @type {HTMLElement | null} */ (null));
  const hint = useRef(/** @type {HTMLElement | null} */ (null));
  const layer = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const places = {
      root: rendered(root),
      words: rendered(words),
      hint: rendered(hint),
      layer: rendered(layer),
    };
    const view = new CandleView(places, market, timeframe);
    return () => view.end();
  }, []);
  const label = gettext("Candles of {symbol}, {timeframe}", { symbol: market.symbol, timeframe });
  return html`
    <p ref=${words} class="candle-words" aria-live="off"></p>
    <p ref=${hint} class="candle-hint"></p>
    <div
      ref=${root}
      class="candles"
      role="img"
      aria-label=${label}
      aria-describedby="candle-use"
    ></div>
    <p id="candle-use" class="unseen">
      ${gettext("Own orders are lines that can be dragged to another price.")}${" "}
      ${gettext("Without a pointer they are amended in the table of open orders.")}
    </p>
    <div ref=${layer} class="chart-layer"></div>
  `;
}
