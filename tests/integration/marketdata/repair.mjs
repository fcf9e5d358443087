// Gives a MarketStream messages that do not fit, over a socket that is none, and prints what it made of them.
// Argument: the address of the module. Input: a list of messages.

import { readFileSync } from "node:fs";

const { MarketStream } = await import(process.argv[2]);
const sent = [];

class Socket {
  constructor() {
    this.readyState = 1;
  }

  send(text) {
    sent.push(JSON.parse(text));
  }

  close() {}
}

const stream = new MarketStream("ws://nowhere", "BTC/USDT", { WebSocket: Socket }).open();
for (const message of JSON.parse(readFileSync(0, "utf8")))
  stream.socket.onmessage({ data: JSON.stringify(message) });
const { seq, bids, asks } = stream.book;
console.log(JSON.stringify({ sent, seq, bids, asks, repairs: stream.repairs }));
stream.close();
