import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection } from "../../../../trading_page/static/trading/connection.js";
import { merged, Tape } from "../../../../trading_page/static/trading/recent.js";

/**
 * @import { Trade } from "../../../../trading_page/static/trading/recent.js"
 */

/** @type {Omit<Trade, "id">} */
const TRADE = { price: "1", quantity: "1", taker_side: "buy", executed_at: "2026-01-01T00:00:00Z" };

/** A connection whose clock is moved by hand: `pass` lets what was set happen. */
function connection() {
  /** @type {string[]} */
  const said = [];
  /** @type {(() => void) | null} */
  let due = null;
  let waits = 0;
  const found = new Connection((state) => void said.push(state), {
    setTimeout(act, ms) {
      due = act;
      waits = ms;
    },
    clearTimeout() {
      due = null;
    },
  });
  return { found, said, pass: () => due?.(), waits: () => waits };
}

test("live is when every stream is", () => {
  const { found, said } = connection();
  found.expect("market");
  found.expect("trades");
  found.up("market");
  assert.deepEqual(said, []);
  found.up("trades");
  assert.deepEqual(said, ["live"]);
});

test("a loss and the recovery are told", () => {
  const { found, said, pass } = connection();
  found.expect("market");
  found.up("market");
  found.down("market");
  pass();
  found.up("market");
  pass();
  assert.deepEqual(said, ["live", "reconnecting", "recovered", "live"]);
});

test("a stream that is back at once was not missed", () => {
  const { found, said, pass } = connection();
  found.expect("market");
  found.up("market");
  found.down("market");
  found.up("market");
  pass();
  assert.deepEqual(said, ["live"]);
});

test("a stream that is new gets more time than one that was lost", () => {
  const { found, waits } = connection();
  found.expect("market");
  found.up("market");
  found.expect("account");
  const forNew = waits();
  found.down("market");
  assert.ok(waits() < forNew);
});

test("the tape has each trade once, the newest first, however they come", () => {
  const tape = new Tape(3);
  for (const id of ["2", "4", "2", "3", "1", "5", "0"]) tape.add({ ...TRADE, id });
  assert.deepEqual(
    tape.trades.map(({ id }) => id),
    ["5", "4", "3"],
  );
  assert.equal(tape.added, 3);
});

test("what an account has done is in the order of the time that is shown", () => {
  const known = [
    { id: "1", updated_at: "2026-01-01T00:00:00.500Z" },
    { id: "2", updated_at: "2026-01-01T00:00:00.200Z" },
  ];
  const news = [
    { id: "2", updated_at: "2026-01-01T00:00:00.900Z" },
    { id: "0", updated_at: "2026-01-01T00:00:00.500Z" },
    { id: "3", updated_at: "2026-01-01T00:00:00.100Z" },
  ];
  const shown = merged(known, news, (order) => order.updated_at, 3);
  assert.deepEqual(
    shown.map(({ id }) => id),
    ["2", "1", "0"],
  );
});
