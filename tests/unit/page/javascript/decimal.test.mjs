import assert from "node:assert/strict";
import { test } from "node:test";

import * as decimal from "../../../../trading_page/static/trading/decimal.js";

test("numbers become whole units and come back", () => {
  /** @type {[text: string, decimals: number, units: bigint][]} */
  const cases = [
    ["1.25", 4, 12500n],
    [".5", 1, 5n],
    ["7.", 2, 700n],
    ["0.10", 1, 1n],
    ["123456789012345678901.5", 1, 1234567890123456789015n],
  ];
  for (const [text, decimals, units] of cases) {
    assert.equal(decimal.toUnits(text, decimals), units);
  }
  assert.equal(decimal.toText(12500n, 4), "1.2500");
  assert.equal(decimal.toText(5n, 3), "0.005");
  assert.equal(decimal.toText(-5n, 3), "-0.005");
  assert.equal(decimal.toText(5n, 0), "5");
  assert.equal(decimal.toShortText(12500n, 4), "1.25");
  assert.equal(decimal.toShortText(100n, 0), "100");
  assert.equal(decimal.toShortText(1000n, 2), "10");
  assert.deepEqual(["10.50", "10.00", "100", "0.00"].map(decimal.short), [
    "10.5",
    "10",
    "100",
    "0",
  ]);
});

test("what is no plain decimal number or too fine is none", () => {
  for (const text of ["", ".", "1e3", "-1", "1,5", "NaN", "0x10", "1.234", null, undefined]) {
    assert.equal(decimal.toUnits(text, 2), null, String(text));
  }
});

test("steps and shares round the way that costs nobody anything unsaid", () => {
  assert.equal(decimal.floorTo(1299n, 100n), 1200n);
  assert.equal(decimal.ceilTo(1201n, 100n), 1300n);
  assert.equal(decimal.ceilTo(1200n, 100n), 1200n);
  assert.equal(decimal.shareUp(1001n, 1000n, 1_000_000n), 2n);
});
