import assert from "node:assert/strict";
import { test } from "node:test";

import {
  areFavourites,
  chosenOrder,
  filtered,
  quotesOf,
  ranked,
  SORT_ORDERS,
  starred,
} from "../../../../trading_page/static/trading/ranking.js";

/**
 * @import { Figures, SortOrder } from "../../../../trading_page/static/trading/ranking.js"
 */

const MARKETS = ["SOL/USDT", "BTC/USDT", "NEW/USDT", "ETH/BTC", "ETH/USDT"].map((symbol) => {
  const [base, quote] = symbol.split("/");
  return { symbol, base, quote };
});
/** @type {Record<string, Figures>} */
const FIGURES = {
  "BTC/USDT": { last: "65000.00", change_percent: "-1.25", quote_volume: "900.5" },
  "ETH/USDT": { last: "3000.00", change_percent: "10.00", quote_volume: "10000" },
  "SOL/USDT": { last: "150.00", change_percent: "9.50", quote_volume: "80000.000000001" },
  "ETH/BTC": { last: "0.046", change_percent: "-11.00", quote_volume: "1.5" }, // 97,500 USDT
  "NEW/USDT": { last: null, change_percent: null, quote_volume: "0" },
};
/** @param {SortOrder} by */
const order = (by, figures = FIGURES) =>
  ranked(MARKETS, by, (symbol) => figures[symbol] ?? null).map(({ symbol }) => symbol);

test("markets are sorted by what a column shows, as numbers", () => {
  const named = ["BTC/USDT", "ETH/BTC", "ETH/USDT", "NEW/USDT", "SOL/USDT"];
  assert.deepEqual(order("name"), named);
  assert.deepEqual(order("-name"), [...named].reverse());
  const dear = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "ETH/BTC", "NEW/USDT"];
  assert.deepEqual(order("-last"), dear);
  const risen = ["ETH/USDT", "SOL/USDT", "BTC/USDT", "ETH/BTC", "NEW/USDT"];
  assert.deepEqual(order("-change"), risen);
});

test("what is not known is the last, whichever way it goes", () => {
  assert.deepEqual(order("last").at(-1), "NEW/USDT");
  assert.deepEqual(order("change"), ["ETH/BTC", "BTC/USDT", "SOL/USDT", "ETH/USDT", "NEW/USDT"]);
  assert.deepEqual(order("-volume", {}), order("name"));
});

test("volumes of different quote assets are compared by what they are worth", () => {
  const worth = ["ETH/BTC", "SOL/USDT", "ETH/USDT", "BTC/USDT", "NEW/USDT"];
  assert.deepEqual(order("-volume"), worth);
  const unknown = { ...FIGURES, "BTC/USDT": FIGURES["NEW/USDT"] };
  assert.deepEqual(order("-volume", unknown).slice(0, 2), ["SOL/USDT", "ETH/USDT"]);
});

test("equal markets stay in the order of their names", () => {
  const same = Object.fromEntries(
    MARKETS.map(({ symbol }) => [symbol, { ...FIGURES["SOL/USDT"], last: "1" }]),
  );
  assert.deepEqual(order("last", same), order("name"));
  assert.deepEqual(order("-last", same), order("name"));
});

test("a column begins with what is looked for, and is turned round by choosing it again", () => {
  assert.equal(chosenOrder("name", "name"), "-name");
  assert.equal(chosenOrder("-change", "name"), "name");
  assert.equal(chosenOrder("name", "change"), "-change");
  assert.equal(chosenOrder("-change", "change"), "change");
  assert.equal(SORT_ORDERS.length, 8);
});

test("a filter leaves the favourites or those of a quote asset, in their order", () => {
  /** @param {string} filter */
  const left = (filter) =>
    filtered(MARKETS, filter, new Set(["ETH/BTC", "GONE/USDT"])).map(({ symbol }) => symbol);
  assert.deepEqual(left("favourites"), ["ETH/BTC"]);
  assert.deepEqual(left("USDT"), ["SOL/USDT", "BTC/USDT", "NEW/USDT", "ETH/USDT"]);
  assert.equal(left("all").length, MARKETS.length);
  assert.equal(left("EUR").length, MARKETS.length, "a quote asset that has gone hides nothing");
  assert.deepEqual(quotesOf(MARKETS), ["USDT", "BTC"]);
});

test("a star makes a favourite, or no longer; there is an end to their number", () => {
  assert.deepEqual(starred(["A/B"], "C/D"), ["A/B", "C/D"]);
  assert.deepEqual(starred(["A/B", "C/D"], "A/B"), ["C/D"]);
  const many = Array.from({ length: 1_000 }, (_, index) => `M${index}/B`);
  assert.equal(starred(many, "X/Y").length, 1_000);
  assert.ok(areFavourites(starred(many, "X/Y")));
  for (const wrong of [null, "A/B", [1], [...many, "X/Y"]]) assert.ok(!areFavourites(wrong));
});

test("a thousand markets are sorted within a frame or two", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    symbol: `M${index}/USDT`,
    base: `M${index}`,
    quote: "USDT",
  }));
  const figures = { last: "1.5", change_percent: "-0.25", quote_volume: "123456.789" };
  ranked(many, "-volume", () => figures);
  const begin = performance.now();
  ranked(many, "-volume", () => figures);
  assert.ok(performance.now() - begin < 200, "with a margin for a busy machine");
});
