// What narrows the lists of the account: days in a time zone, and the same choice here and there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDED, fileName, isListed, isNarrowed, NONE, queryOf } from "#account/filters.js";
import { boundsOf, dayOf, shifted, startOfDay } from "#account/periods.js";

const at = (/** @type {string} */ text) => Date.parse(text);
const start = (/** @type {string} */ day, /** @type {string} */ zone) =>
  new Date(startOfDay(day, zone)).toISOString();

test("a day begins at midnight of the zone, in summer and in winter", () => {
  assert.equal(start("2026-01-15", "Europe/Berlin"), "2026-01-14T23:00:00.000Z");
  assert.equal(start("2026-07-15", "Europe/Berlin"), "2026-07-14T22:00:00.000Z");
  assert.equal(start("2026-07-15", "UTC"), "2026-07-15T00:00:00.000Z");
  assert.equal(start("2026-07-15", "America/New_York"), "2026-07-15T04:00:00.000Z");
  assert.equal(start("2026-07-15", "Asia/Kathmandu"), "2026-07-14T18:15:00.000Z");
  assert.equal(start("2026-07-15", "Pacific/Kiritimati"), "2026-07-14T10:00:00.000Z");
});

test("days on which clocks are changed have 23 and 25 hours", () => {
  const hours = (/** @type {string} */ day) =>
    (startOfDay(shifted(day, 1), "Europe/Berlin") - startOfDay(day, "Europe/Berlin")) / 3_600_000;
  assert.deepEqual(["2026-03-28", "2026-03-29", "2026-03-30"].map(hours), [24, 23, 24]);
  assert.deepEqual(["2026-10-24", "2026-10-25", "2026-10-26"].map(hours), [24, 25, 24]);
});

test("a day without a midnight, and one that never was", () => {
  assert.equal(start("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00.000Z");
  assert.equal(dayOf(at("2018-11-04T02:59:59Z"), "America/Sao_Paulo"), "2018-11-03");
  assert.equal(start("2011-12-30", "Pacific/Apia"), start("2011-12-31", "Pacific/Apia"));
});

test("every day begins where the one before ends", () => {
  for (const zone of [
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Australia/Lord_Howe",
  ]) {
    for (let day = "2018-01-01"; day < "2019-01-01"; day = shifted(day, 1)) {
      const from = startOfDay(day, zone);
      assert.equal(dayOf(from, zone), day);
      assert.ok(dayOf(from - 1, zone) < day);
    }
  }
});

test("presets count days back from today in the zone", () => {
  const now = at("2026-03-30T22:30:00Z"); // the 31st in Berlin
  const bounds = (/** @type {import("#account/periods.js").PeriodName} */ period) =>
    boundsOf({ period, first: "", last: "" }, now, "Europe/Berlin");
  assert.deepEqual(bounds("today"), { from: "2026-03-30T22:00:00.000Z" });
  assert.deepEqual(bounds("week"), { from: "2026-03-24T23:00:00.000Z" }); // before the change
  assert.deepEqual(bounds("month"), { from: "2026-03-01T23:00:00.000Z" });
  assert.deepEqual(bounds(""), {});
});

test("from and to are whole days, either may be missing, and their order does not matter", () => {
  const days = (/** @type {string} */ first, /** @type {string} */ last) =>
    boundsOf({ period: "days", first, last }, 0, "Europe/Berlin");
  const whole = { from: "2026-03-28T23:00:00.000Z", to: "2026-03-30T22:00:00.000Z" };
  assert.deepEqual(days("2026-03-29", "2026-03-30"), whole);
  assert.deepEqual(days("2026-03-30", "2026-03-29"), whole);
  assert.deepEqual(days("2026-03-29", ""), { from: whole.from });
  assert.deepEqual(days("", "2026-03-30"), { to: whole.to });
  assert.deepEqual(days("", ""), {});
});

test("what is chosen is asked, and nothing else", () => {
  const chosen = { ...NONE, symbol: "BTC/USDT", side: "buy" };
  assert.deepEqual(queryOf(chosen, 0, "UTC"), { symbol: "BTC/USDT", side: "buy" });
  assert.deepEqual(queryOf(NONE, 0, "UTC"), {});
  assert.equal(isNarrowed(chosen), true);
  assert.equal(isNarrowed(NONE), false);
  assert.equal(isNarrowed({ ...NONE, period: "days" }), false);
  assert.equal(isNarrowed({ ...NONE, period: "days", first: "2026-01-01" }), true);
});

test("what comes live is listed if the exchange would list it", () => {
  const order = { symbol: "BTC/USDT", side: "buy", type: "limit", status: "cancelled" };
  const time = "2026-01-31T12:00:00.000Z";
  assert.equal(isListed({ status: ENDED }, order, time), true);
  assert.equal(isListed({ status: ENDED, symbol: "BTC/USDT", side: "buy" }, order, time), true);
  assert.equal(isListed({ status: ENDED, side: "sell" }, order, time), false);
  assert.equal(isListed({ status: "filled" }, order, time), false);
  assert.equal(isListed({ status: ENDED }, { ...order, status: "open" }, time), false);
  assert.equal(isListed({ mine: "true", from: time }, order, time), true);
  assert.equal(isListed({ mine: "true", to: time }, order, time), false);
});

test("a file's name says what is in it", () => {
  const now = at("2026-11-30T12:00:00Z");
  const name = (/** @type {import("#account/filters.js").Query} */ query) =>
    fileName("orders", query, now, "UTC");
  assert.equal(name({ status: ENDED }), "orders-all-until-2026-11-30.csv");
  assert.equal(
    name({ symbol: "BTC/USDT", side: "buy", status: "filled", from: "2026-11-01T00:00:00.000Z" }),
    "orders-BTC-USDT-buy-filled-2026-11-01-to-2026-11-30.csv",
  );
  assert.equal(
    name({ from: "2026-11-01T00:00:00.000Z", to: "2026-11-03T00:00:00.000Z" }),
    "orders-all-2026-11-01-to-2026-11-02.csv",
  );
});
