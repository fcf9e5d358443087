// Gives a MarketStream messages that do not fit, over a socket that is none, and prints what it
// made of them.
// Argument: the address of the module. Input: a list of messages.

import { readFileSync } from "node:fs";

import { Socket } from "../../unit/page/javascript/socket.mjs";

/** @type {typeof import("../../../trading_page/static/streams/stream.js")} */
const { MarketStream } = await import(process.argv[2]);
const stream = new MarketStream("ws://nowhere", "BTC/USDT", { WebSocket: Socket }).open();
for (const message of JSON.parse(readFileSync(0, "utf8"))) {
  Socket.last.receive(message);
}
const { seq, bids, asks } = stream.book;
console.log(JSON.stringify({ sent: Socket.last.sent, seq, bids, asks, repairs: stream.repairs }));
stream.close();
