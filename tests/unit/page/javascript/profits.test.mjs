import assert from "node:assert/strict";
import { test } from "node:test";

import { glance, signed } from "#account/profits.js";

test("a number at a glance has the decimals that its size asks for", () => {
  /** @type {[plain: string, shown: string][]} */
  const cases = [
    ["1234.56789000", "1234.56"],
    ["250.12345678", "250.1234"],
    ["1.00000000", "1.00"],
    ["0.00001234", "0.00001234"],
    ["0.50000000", "0.50"],
    ["7", "7.00"],
  ];
  for (const [plain, shown] of cases) assert.equal(glance(plain), shown);
});

test("a profit has its sign, and nothing has none", () => {
  assert.deepEqual(signed("1250.50000000"), { text: "+1,250.50", direction: "up" });
  assert.deepEqual(signed("-3.00000000"), { text: "−3.00", direction: "down" });
  assert.deepEqual(signed("-0.00000001"), { text: "−0.00000001", direction: "down" });
  assert.deepEqual(signed("0.00000000"), { text: "0.00", direction: "" });
});
