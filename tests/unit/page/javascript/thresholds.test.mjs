import assert from "node:assert/strict";
import { test } from "node:test";

import {
  added,
  ALERTS_MAX,
  areAlerts,
  directionTo,
  isReached,
} from "../../../../trading_page/static/trading/thresholds.js";

/**
 * @import { Direction, PriceAlert } from "../../../../trading_page/static/trading/thresholds.js"
 */

/**
 * @param {Direction} direction
 * @param {string} price
 * @returns {PriceAlert}
 */
const alert = (direction, price) => ({ id: price, symbol: "BTC/USDT", direction, price });
/**
 * @param {string | null} last
 * @param {string | null} high
 * @param {string | null} low
 */
const prices = (last, high = null, low = null) => ({ last, high, low });

test("an alert fires at its price and beyond, and not before", () => {
  for (const [last, above, below] of /** @type {const} */ ([
    ["99.99", false, true],
    ["100.00", true, true],
    ["100.01", true, false],
    ["9", false, true],
    ["1000", true, false],
  ])) {
    assert.equal(isReached(alert("above", "100"), prices(last)), above, last);
    assert.equal(isReached(alert("below", "100.0"), prices(last)), below, last);
  }
  assert.ok(!isReached(alert("above", "100"), prices(null)), "nobody has traded yet");
});

test("a price that leaps over the alert, or did while nobody was connected, fires it", () => {
  const before = prices("99", "99.5", "98");
  assert.ok(isReached(alert("above", "100"), prices("120", "121", "98"), before));
  assert.ok(isReached(alert("below", "90"), prices("80", "99.5", "79"), before));
});

test("a price that was reached between two messages and came back fires it", () => {
  const before = prices("99", "99.5", "98");
  assert.ok(isReached(alert("above", "100"), prices("99", "100", "98"), before));
  assert.ok(!isReached(alert("above", "100"), prices("99", "99.99", "98"), before));
  assert.ok(isReached(alert("below", "95"), prices("99", "99.5", "94"), before));
  assert.ok(!isReached(alert("below", "95"), prices("99", "99.5", "95.01"), before));
  assert.ok(isReached(alert("above", "100"), prices("99", "101", "98"), prices(null)));
});

test("an extreme of the day that is older than the alert does not fire it", () => {
  const before = prices("99", "105", "80");
  assert.ok(!isReached(alert("above", "100"), prices("99.5", "105", "80"), before));
  assert.ok(!isReached(alert("below", "90"), prices("99.5", "105", "80"), before));
  assert.ok(
    !isReached(alert("above", "100"), prices("99.5", "104", "81"), before),
    "it has expired",
  );
  assert.ok(
    !isReached(alert("above", "100"), prices("99", "105", "80")),
    "nothing known of before",
  );
});

test("from where a price is reached follows from the last one", () => {
  assert.equal(directionTo("100.5", "100"), "above");
  assert.equal(directionTo("99", "100"), "below");
  for (const [price, last] of [
    ["100.0", "100"],
    ["?", "100"],
    ["100", null],
  ]) {
    assert.equal(directionTo(String(price), last), null);
  }
});

test("alerts are kept once each, and not without end", () => {
  const one = [alert("above", "100")];
  assert.equal(added(one, { ...alert("above", "100.00"), id: "other" }), one);
  assert.equal(added(one, alert("below", "100"))?.length, 2);
  const most = Array.from({ length: ALERTS_MAX }, (_, index) => alert("above", String(index + 1)));
  assert.equal(added(most, alert("below", "1")), null);
});

test("what was kept by another program is not taken for alerts", () => {
  assert.ok(areAlerts([alert("above", "100")]));
  assert.ok(areAlerts([]));
  for (const wrong of [
    null,
    "[]",
    [null],
    [{}],
    [{ ...alert("above", "100"), direction: "sideways" }],
    [alert("above", "many")],
    Array.from({ length: ALERTS_MAX + 1 }, () => alert("above", "1")),
  ]) {
    assert.ok(!areAlerts(wrong));
  }
});
