// Follows an account for a test: for each number on the input it says what the account has at this
// private_seq.
// Arguments: the address of the module, the server's. The token is the first line of the input.

import { createInterface } from "node:readline";

const [module, url] = process.argv.slice(2);
/** @type {typeof import("../../../trading_page/static/streams/stream.js")} */
const { PrivateStream } = await import(module);
/** @type {InstanceType<typeof PrivateStream> | null} */
let stream = null;
/** @type {number | null} */
let wanted = null;
/** @type {string[]} */
const fills = [];
let asked = 0;

function tell() {
  if (stream === null || wanted === null || stream.seq < wanted) return;
  const { orders, balances, session, seq, resumed, isClosed } = stream;
  const amounts = Object.fromEntries(
    [...balances].map(([asset, { available }]) => [asset, available]),
  );
  console.log(
    JSON.stringify({
      orders: [...orders.keys()],
      amounts,
      fills,
      session,
      seq,
      resumed,
      isClosed,
      asked,
    }),
  );
  wanted = null;
}

/** @param {string} token */
function begin(token) {
  const give = () => {
    asked += 1;
    return token;
  };
  stream = new PrivateStream(url, give, {
    onMessage: (message) => {
      console.log(JSON.stringify({ received: message }));
      if (message.type === "fill") fills.push(message.id);
      tell();
    },
    onState: (state, code) => {
      if (state === "closed") console.log(JSON.stringify({ closed: code }));
    },
  });
  stream.open();
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (stream === null) {
      begin(line);
      return;
    }
    wanted = Number(line);
    tell();
  })
  .on("close", () => process.exit(0));
