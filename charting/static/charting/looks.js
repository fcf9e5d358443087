// How the chart looks: colours, the axis of time, the form of a candle.

import { ColorType, CrosshairMode } from "lightweight-charts";
import { grouped } from "#page/numbers.js";
import { timeframe } from "#page/store.js";
import { colours } from "#page/theme.js";
import { markOf, timeFormat } from "#page/times.js";
import { seconds } from "./bars.js";

/**
 * @import { Time } from "lightweight-charts"
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Candle, Market } from "#page/answers.d.ts"
 */

const LONG = timeFormat({ dateStyle: "medium", timeStyle: "short" });
/** @type {Timeframe[]} */
const DAYS = ["1d", "1w"];

const TIME_SCALE = {
  timeVisible: true,
  secondsVisible: false,
  rightOffset: 4,
  tickMarkFormatter: shortTime,
};

/** What the chart is like, in the colours of the theme. */
export function chartLooks() {
  const palette = colours();
  const hair = { color: palette.muted, labelBackgroundColor: palette.muted };
  return {
    autoSize: true,
    localization: { timeFormatter: longTime },
    // Its own logo brings a style sheet that the policy of this page forbids; the page's footer
    // names its makers.
    layout: {
      background: { type: ColorType.Solid, color: palette.panel },
      textColor: palette.muted,
      attributionLogo: false,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      panes: { separatorColor: palette.line, separatorHoverColor: palette.grid },
    },
    grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
    rightPriceScale: { borderColor: palette.line },
    crosshair: { mode: CrosshairMode.Normal, vertLine: hair, horzLine: hair },
    timeScale: { ...TIME_SCALE, borderColor: palette.line },
  };
}

/** The colours of candles, by the theme. */
export function candleColours() {
  const { up, down } = colours();
  return {
    ...{ upColor: up, borderUpColor: up, wickUpColor: up },
    ...{ downColor: down, borderDownColor: down, wickDownColor: down },
  };
}

/**
 * Prices as the market has them.
 *
 * @param {Market} market
 */
export function priceFormat({ price_decimals: decimals, tick_size: tick }) {
  return {
    type: /** @type {const} */ ("custom"),
    formatter: (/** @type {number} */ price) => grouped(price.toFixed(decimals)),
    minMove: Number(tick),
  };
}

/** @param {Pick<Candle, "open" | "close">} candle */
export function isRise({ open, close }) {
  return Number(close) >= Number(open);
}

/** @param {Candle} candle */
export function bar({ time, open, high, low, close }) {
  return {
    time: seconds(time),
    open: Number(open),
    high: Number(high),
    low: Number(low),
    close: Number(close),
  };
}

/** @param {Time} time */
function longTime(time) {
  return LONG.format(new Date(Number(time) * 1000));
}

/** @param {Time} time */
function shortTime(time) {
  return markOf(Number(time) * 1000, DAYS.includes(timeframe.peek()));
}
