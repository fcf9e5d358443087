import assert from "node:assert/strict";
import { test } from "node:test";

import { matching } from "../../../../trading_page/static/trading/search.js";

const MARKETS = ["ETH/BTC", "BTC/USDT", "ETH/USDT", "SOL/USDT"].map((symbol) => ({
  symbol,
  quote: symbol.split("/")[1],
}));
/** @param {string} words */
const found = (words) => matching(MARKETS, words).map(({ symbol }) => symbol);

test("the market that begins with the words is found first, however it is separated", () => {
  assert.deepEqual(found("btc"), ["BTC/USDT", "ETH/BTC"]);
  assert.deepEqual(found(" eth-btc"), ["ETH/BTC"]);
  assert.deepEqual(found("btcusd"), ["BTC/USDT"]);
  assert.deepEqual(found("usdt"), ["BTC/USDT", "ETH/USDT", "SOL/USDT"]);
  assert.deepEqual(found("xrp"), []);
});

test("of those that begin with the words the ones in the commonest quote asset come first", () => {
  assert.deepEqual(found("eth"), ["ETH/USDT", "ETH/BTC"]);
});
