import assert from "node:assert/strict";
import { test } from "node:test";

import { TradeStream } from "../../../../trading_page/static/streams/stream.js";
import { Socket } from "./socket.mjs";

/**
 * @import { TestContext } from "node:test"
 */

/** @param {TestContext} t */
function begin(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  Socket.all = [];
  /** @type {string[]} */
  const states = [];
  const stream = new TradeStream("ws://nowhere", "BTC/USDT", {
    WebSocket: Socket,
    onState: (state) => void states.push(state),
  });
  stream.open();
  Socket.last.open();
  return { stream, states };
}

test("a computer that wakes up asks whether its connection is still there, and keeps one that answers", (t) => {
  const { stream, states } = begin(t);
  stream.wake();
  assert.deepEqual(Socket.all[0].sent, [{ op: "ping" }]);
  Socket.last.receive({ type: "pong" });
  t.mock.timers.tick(20_000);
  assert.deepEqual(states, ["connecting", "open"]);
  stream.close();
});

test("one that does not answer is given up within three seconds", (t) => {
  const { stream, states } = begin(t);
  stream.wake();
  t.mock.timers.tick(3_000);
  assert.deepEqual(states, ["connecting", "open", "waiting"]);
  stream.wake();
  assert.equal(Socket.all.length, 2); // at once, not after the pause
  stream.close();
  stream.wake();
  assert.equal(Socket.all.length, 2);
});
