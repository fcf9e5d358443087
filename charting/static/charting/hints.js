// Why a chart has few candles: a market that opened a moment ago has one, as it should be. No input
// or output.

import { gettext } from "#page/texts.js";

/**
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Bars } from "./bars.js"
 */

const FEW = 8; // so few candles need a word why

/**
 * What to say to these candles; empty when they speak for themselves.
 *
 * @param {Bars} bars
 * @param {Timeframe} timeframe
 */
export function hintOf(bars, timeframe) {
  if (bars.size >= FEW) return "";
  if (bars.traded) return hasBegun(timeframe);
  return gettext("Nobody has traded here yet: the first trade begins the first candle");
}

/** @param {Timeframe} timeframe */
function hasBegun(timeframe) {
  return {
    "1m": gettext("Trading has just begun: a new candle every minute"),
    "5m": gettext("Trading has just begun: a new candle every 5 minutes"),
    "15m": gettext("Trading has just begun: a new candle every 15 minutes"),
    "1h": gettext("Trading has just begun: a new candle every hour"),
    "4h": gettext("Trading has just begun: a new candle every 4 hours"),
    "1d": gettext("Trading has just begun: a new candle every day"),
    "1w": gettext("Trading has just begun: a new candle every week"),
  }[timeframe];
}
