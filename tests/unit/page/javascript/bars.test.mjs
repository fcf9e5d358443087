import assert from "node:assert/strict";
import { test } from "node:test";

import { Bars } from "#charting/bars.js";
import { hintOf } from "#charting/hints.js";

/** @param {number} minute */
function candle(minute, close = "100", volume = "1") {
  const time = new Date(Date.UTC(2026, 10, 30, 12, minute)).toISOString();
  return {
    time,
    open: "100",
    high: "101",
    low: "99",
    close,
    volume,
    quote_volume: "0",
    trade_count: 1,
  };
}

/** @param {Bars} bars */
const minutes = (bars) => bars.ordered.map(({ time }) => new Date(time).getUTCMinutes());

test("candles are in order and each is there once, however they come", () => {
  const bars = new Bars();
  for (const minute of [5, 6, 7]) bars.learn(candle(minute));
  bars.put(candle(7, "102"));
  bars.put(candle(8));
  bars.put(candle(6, "103"));
  for (const minute of [3, 4]) bars.learn(candle(minute));
  assert.deepEqual(minutes(bars), [3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    bars.ordered.map(({ close }) => close),
    ["100", "100", "100", "103", "102", "100"],
  );
  assert.equal(bars.oldest?.time, candle(3).time);
  assert.equal(bars.newest?.time, candle(8).time);
  assert.equal(bars.size, 6);
});

test("what was read does not undo what the stream has told since", () => {
  const bars = new Bars();
  bars.put(candle(1, "105", "20"));
  bars.learn(candle(1, "104", "9"));
  assert.equal(bars.newest?.close, "105");
  bars.learn(candle(1, "106", "21"));
  assert.equal(bars.newest?.close, "106");
});

test("few candles are explained, many speak for themselves", () => {
  const bars = new Bars();
  assert.match(hintOf(bars, "1m"), /^Nobody has traded here yet/);
  bars.put(candle(0, "100", "0"));
  assert.match(hintOf(bars, "1m"), /^Nobody has traded here yet/);
  bars.put(candle(1));
  assert.equal(hintOf(bars, "4h"), "Trading has just begun: a new candle every 4 hours");
  for (let minute = 2; minute < 8; minute += 1) bars.put(candle(minute));
  assert.equal(hintOf(bars, "4h"), "");
});
