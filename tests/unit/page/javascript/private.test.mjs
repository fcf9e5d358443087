import assert from "node:assert/strict";
import { test } from "node:test";

import { PrivateStream } from "../../../../trading_page/static/streams/stream.js";

class Socket {
  static all = [];

  constructor() {
    this.readyState = 1;
    this.sent = [];
    Socket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}
}

const turns = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 120);
  }); // longer than the first pause
const message = (socket, fields) => socket.onmessage({ data: JSON.stringify(fields) });
const snapshot = (fields) => ({
  type: "snapshot",
  session: "one",
  private_seq: 1,
  orders: [],
  balances: [],
  ...fields,
});

/** A stream, the states it told, and how to get the socket that it uses now. */
async function begin(token = () => "token") {
  Socket.all = [];
  const states = [];
  const stream = new PrivateStream("ws://nowhere", token, {
    WebSocket: Socket,
    onState: (state, code) => states.push(code ? `${state} ${code}` : state),
  });
  stream.open();
  const socket = () => Socket.all[Socket.all.length - 1];
  await connect(socket());
  return { stream, states, socket };
}

async function connect(socket) {
  socket.onopen();
  await new Promise(setImmediate);
}

test("an account is kept from its snapshot and its messages", async () => {
  const { stream, socket } = await begin();
  message(socket(), { type: "authenticated" });
  message(
    socket(),
    snapshot({
      orders: [{ id: "a", status: "open" }],
      balances: [{ asset: "BTC", available: "1" }],
    }),
  );
  message(socket(), { type: "order", private_seq: 2, order: { id: "b", status: "pending" } });
  message(socket(), { type: "order", private_seq: 3, order: { id: "a", status: "filled" } });
  message(socket(), { type: "balance", private_seq: 4, asset: "BTC", available: "2" });
  assert.deepEqual(
    [[...stream.orders.keys()], stream.balances.get("BTC").available, stream.seq],
    [["b"], "2", 4],
  );
  stream.close();
});

test("it comes back to its session when its token ends, with the next one", async () => {
  const tokens = ["first", "second"];
  const { stream, states, socket } = await begin(() => tokens.shift());
  message(socket(), { type: "authenticated" });
  message(socket(), snapshot());
  message(socket(), { type: "error", code: "TOKEN_EXPIRED" });
  socket().onclose({ code: 4401 });
  await turns();
  await connect(socket());
  assert.deepEqual(socket().sent, [
    { op: "auth", token: "second", session: "one", private_seq: 1 },
  ]);
  assert.ok(!states.some((state) => state.startsWith("closed")));
  stream.close();
});

test("a token that is refused is the end, and it says so", async () => {
  const { states, socket } = await begin();
  message(socket(), { type: "error", code: "TOKEN_REVOKED" });
  socket().onclose({ code: 4401 });
  assert.equal(states[states.length - 1], "closed 4401");
  await turns();
  assert.equal(Socket.all.length, 1);
});

test("without a login it ends; when no token can be had now, it tries again", async () => {
  const { states } = await begin(() => null);
  assert.equal(states[states.length - 1], "closed 1000");
  const answers = [Promise.reject(new Error("away")), "token"];
  answers[0].catch(() => {});
  const { stream, socket } = await begin(() => answers.shift());
  await turns();
  await connect(socket());
  assert.deepEqual([Socket.all.length, socket().sent[0].token], [2, "token"]);
  stream.close();
});

test("a session that another connection has taken begins anew", async () => {
  const { stream, socket } = await begin();
  message(socket(), { type: "authenticated" });
  message(socket(), snapshot());
  socket().onclose({ code: 4409 });
  await turns();
  await connect(socket());
  assert.deepEqual(socket().sent, [{ op: "auth", token: "token" }]);
  stream.close();
});

test("a number that does not follow is never taken", async () => {
  const { stream, socket } = await begin();
  message(socket(), { type: "authenticated" });
  message(socket(), snapshot());
  message(socket(), { type: "balance", private_seq: 3, asset: "BTC", available: "2" });
  assert.deepEqual([stream.seq, stream.balances.size], [1, 0]);
  await turns();
  await connect(socket());
  assert.equal(socket().sent[0].private_seq, 1);
  stream.close();
});
