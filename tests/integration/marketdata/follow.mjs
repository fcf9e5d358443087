// Follows a market for a test: it shows each message it gets, and for each sequence number on the
// input the book there.
// Arguments: the address of the module, the server's, the symbol.

import { createInterface } from "node:readline";

const [module, url, symbol] = process.argv.slice(2);
/** @type {typeof import("../../../trading_page/static/streams/stream.js")} */
const { MarketStream } = await import(module);
/** @type {number | null} */
let wanted = null;

const stream = new MarketStream(url, symbol, {
  onMessage: (message) => {
    console.log(JSON.stringify({ received: message }));
    tell();
  },
});

function tell() {
  if (wanted === null || stream.book.seq !== wanted) return;
  const { bids, asks } = stream.book;
  console.log(JSON.stringify({ bids, asks, resumed: stream.resumed, repairs: stream.repairs }));
  wanted = null;
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    wanted = Number(line);
    tell();
  })
  .on("close", () => {
    stream.close();
    process.exit(0);
  });
stream.open();
