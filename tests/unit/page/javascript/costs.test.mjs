import assert from "node:assert/strict";
import { test } from "node:test";

import { preview } from "../../../../trading_page/static/trading/costs.js";
import { BOOK, form, MARKET } from "./market.mjs";

test("the preview has the total and the highest fee, exactly", () => {
  const limit = preview(form({ price: "65000.01", quantity: "0.00007" }), MARKET, BOOK, null);
  assert.deepEqual([limit?.total, limit?.fee], ["4.55000070", "0.00455001"]);
  const market = preview(form({ type: "market", quantity: "1.5" }), MARKET, BOOK, null);
  assert.deepEqual(
    [market?.total, market?.worst, market?.isEstimate],
    ["97520.00000000", "65020.00", true],
  );
  assert.equal(preview(form({ price: "1" }), MARKET, BOOK, null), null);
});

test("a budget's preview leaves room for the fee", () => {
  const found = preview(
    form({ type: "market", sizeBy: "quote_quantity", quote_quantity: "650.75010" }),
    MARKET,
    BOOK,
    null,
  );
  assert.equal(found?.quantity, "0.01000");
});

test("an order at market is not thought to go beyond the price band", () => {
  const market = { ...MARKET, price_band: "0.0002" };
  const order = form({ type: "market", quantity: "1.5" });
  assert.equal(preview(order, market, BOOK, "65000.00")?.quantity, "1.00000");
  assert.equal(preview(order, market, BOOK, "65010.00")?.quantity, "1.50000");
  assert.equal(preview({ ...order, side: "sell" }, market, BOOK, "65010.00"), null);
});
