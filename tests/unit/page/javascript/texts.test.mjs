import assert from "node:assert/strict";
import { test } from "node:test";

import {
  amountOf,
  gettext,
  listed,
  ngettext,
} from "../../../../trading_page/static/trading/texts.js";

test("a text has its placeholders filled in, and keeps those that have no value", () => {
  assert.equal(gettext("Save"), "Save");
  assert.equal(gettext("{side} {size}, {size}", { side: "Buy", size: 1 }), "Buy 1, 1");
  assert.equal(gettext("{known} {unknown}", { known: 0 }), "0 {unknown}");
  assert.equal(gettext("{one}", { one: "{two}", two: "no" }), "{two}");
});

test("a text about things is that for their number", () => {
  const orders = [0, 1, 2].map((count) => ngettext("{count} order", "{count} orders", count));
  assert.deepEqual(orders, ["0 orders", "1 order", "2 orders"]);
  assert.equal(ngettext("{count} of {all}", "{count} of {all}", 1, { all: 7 }), "1 of 7");
});

test("where writing goes from left to right an amount is its characters", () => {
  assert.equal(amountOf("10,000.00", "USDT"), "10,000.00 USDT");
  assert.equal(listed(["one", "two", "three"]), "one, two, three");
});
