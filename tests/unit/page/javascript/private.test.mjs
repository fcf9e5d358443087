import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";

import { PrivateStream } from "../../../../trading_page/static/streams/stream.js";
import { Socket } from "./socket.mjs";

// Longer than the first pause.
const turns = () => setTimeout(120);
/** @param {object} fields */
const snapshot = (fields = {}) => ({
  type: "snapshot",
  session: "one",
  private_seq: 1,
  orders: [],
  balances: [],
  ...fields,
});

/**
 * A stream, and the states it told.
 *
 * @param {ConstructorParameters<typeof PrivateStream>[1]} token
 */
async function begin(token = () => "token") {
  Socket.all = [];
  /** @type {string[]} */
  const states = [];
  const stream = new PrivateStream("ws://nowhere", token, {
    WebSocket: Socket,
    onState: (state, code) => void states.push(code ? `${state} ${code}` : state),
  });
  stream.open();
  await connect();
  return { stream, states };
}

async function connect() {
  Socket.last.open();
  await setImmediate();
}

test("an account is kept from its snapshot and its messages", async () => {
  const { stream } = await begin();
  Socket.last.receive({ type: "authenticated" });
  Socket.last.receive(
    snapshot({
      orders: [{ id: "a", status: "open" }],
      balances: [{ asset: "BTC", available: "1" }],
    }),
  );
  Socket.last.receive({ type: "order", private_seq: 2, order: { id: "b", status: "pending" } });
  Socket.last.receive({ type: "order", private_seq: 3, order: { id: "a", status: "filled" } });
  Socket.last.receive({ type: "balance", private_seq: 4, asset: "BTC", available: "2" });
  assert.deepEqual(
    [[...stream.orders.keys()], stream.balances.get("BTC")?.available, stream.seq],
    [["b"], "2", 4],
  );
  stream.close();
});

test("it comes back to its session when its token ends, with the next one", async () => {
  const tokens = ["first", "second"];
  const { stream, states } = await begin(() => tokens.shift());
  Socket.last.receive({ type: "authenticated" });
  Socket.last.receive(snapshot());
  Socket.last.receive({ type: "error", code: "TOKEN_EXPIRED" });
  Socket.last.lose(4401);
  await turns();
  await connect();
  assert.deepEqual(Socket.last.sent, [
    { op: "auth", token: "second", session: "one", private_seq: 1 },
  ]);
  assert.ok(!states.some((state) => state.startsWith("closed")));
  stream.close();
});

test("a token that is refused is the end, and it says so", async () => {
  const { states } = await begin();
  Socket.last.receive({ type: "error", code: "TOKEN_REVOKED" });
  Socket.last.lose(4401);
  assert.equal(states[states.length - 1], "closed 4401");
  await turns();
  assert.equal(Socket.all.length, 1);
});

test("without a login it ends; when no token can be had now, it tries again", async () => {
  const { states } = await begin(() => null);
  assert.equal(states[states.length - 1], "closed 1000");
  const away = Promise.reject(new Error("away"));
  away.catch(() => {});
  const answers = [away, "token"];
  const { stream } = await begin(() => answers.shift());
  await turns();
  await connect();
  assert.deepEqual([Socket.all.length, Socket.last.sent[0].token], [2, "token"]);
  stream.close();
});

test("a session that another connection has taken begins anew", async () => {
  const { stream } = await begin();
  Socket.last.receive({ type: "authenticated" });
  Socket.last.receive(snapshot());
  Socket.last.lose(4409);
  await turns();
  await connect();
  assert.deepEqual(Socket.last.sent, [{ op: "auth", token: "token" }]);
  stream.close();
});

test("a number that does not follow is never taken", async () => {
  const { stream } = await begin();
  Socket.last.receive({ type: "authenticated" });
  Socket.last.receive(snapshot());
  Socket.last.receive({ type: "balance", private_seq: 3, asset: "BTC", available: "2" });
  assert.deepEqual([stream.seq, stream.balances.size], [1, 0]);
  await turns();
  await connect();
  assert.equal(Socket.last.sent[0].private_seq, 1);
  stream.close();
});
