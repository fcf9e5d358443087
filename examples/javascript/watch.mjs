// `node examples/javascript/watch.mjs ws://127.0.0.1:8000 BTC/USDT`: show the best prices of a
// market until Ctrl-C. Node 22.

import { MarketStream } from "../../trading_page/static/streams/stream.js";

const [url, symbol] = process.argv.slice(2);
const stream = new MarketStream(url, symbol, {
  interval: "250ms",
  onState: (state) => console.log(state),
  onMessage: ({ type }) => {
    if (type !== "snapshot" && type !== "update") return;
    const { seq, bids, asks } = stream.book;
    console.log(
      `${symbol} ${seq}: bid ${bids[0]}, ask ${asks[0]}, ${stream.reconnects} reconnects`,
    );
  },
});
stream.open();
