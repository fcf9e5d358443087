// `TOKEN=... node examples/javascript/portfolio.mjs http://127.0.0.1:8001 [USDT]`: show what one's
// assets are worth, and what one's trades have brought. Node 22.

const [url, quote] = process.argv.slice(2);

/** Asks until the exchange has counted all trades. */
async function portfolio() {
  const address = `${url}/api/v1/portfolio${quote ? `?quote=${encodeURIComponent(quote)}` : ""}`;
  for (;;) {
    const answer = await fetch(address, {
      headers: { Authorization: `Bearer ${process.env.TOKEN}` },
    });
    const { data, error } = await answer.json();
    if (error) throw new Error(`${error.code}: ${error.message}`);
    if (data.is_complete) return data;
  }
}

const found = await portfolio();
console.log(`${found.value} ${found.quote}`);
for (const { asset, quantity, value, share_percent: share } of found.assets) {
  console.log(`${asset} ${quantity}: ${value ?? "no price"}${share ? `, ${share} %` : ""}`);
}
for (const position of found.positions) {
  const { symbol, side, quantity, average_price: average, profit } = position;
  const open = side ? `${side} ${quantity} at ${average}` : "closed";
  console.log(`${symbol} ${open}, profit ${profit ?? "not known"}`);
}
