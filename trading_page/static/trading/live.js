// The streams of the page: the market that is shown with everybody's tickers, its trades, and the account.

import { batch, effect } from "@preact/signals";
import { OrderBook } from "../streams/book.js";
import { MarketStream, PrivateStream, TradeStream } from "../streams/stream.js";
import { call, query, slug } from "./api.js";
import { grouped, shownDecimals, toText, toUnits } from "./decimal.js";
import { Connection } from "./connection.js";
import { paint } from "./frame.js";
import { Tape } from "./recent.js";
import { accessToken, account, ask } from "./session.js";
import * as store from "./store.js";

const SOCKETS = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
const HISTORY_MAX = 200;
const RETRY_MS = 2_000;
const FILLS_TOLD_AFTER_MS = 300;
const LOOK_MS = 1_000;
const ASLEEP_MS = 10_000; // timers of hidden tabs may come late, but not as late as that

/** The book and the newest trades of the market that is shown. Painters read them, nobody writes. */
export const live = { book: new OrderBook(), tape: new Tape() };

const painters = { book: new Set(), tape: new Set() };
const candleTakers = new Set();
const connection = new Connection((state) => {
  store.connection.value = state;
});
let marketStream = null;
let tradeStream = null;
let privateStream = null;

/** Calls `painter` once per frame in which the "book" or the "tape" has changed. Returns how to stop that. */
export function onChange(what, painter) {
  painters[what].add(painter);
  paint(painter);
  return () => painters[what].delete(painter);
}

/** Calls `taker(candle)` for each candle, and `taker(null)` when candles may have been missed. */
export function onCandle(taker) {
  candleTakers.add(taker);
  return () => candleTakers.delete(taker);
}

/** Begins, and follows the symbol, the timeframe and the login from now on. */
export function goLive() {
  effect(() => {
    if (store.market.value) watchMarket(store.symbol.value);
  });
  effect(() => {
    const timeframe = store.timeframe.value;
    marketStream?.wish(timeframe);
  });
  effect(() => watchAccount(account.value));
  watchNetwork();
}

/** A socket does not tell when its network goes, nor when the computer has slept: the clock does. */
function watchNetwork() {
  const streams = () => [marketStream, tradeStream, privateStream].filter(Boolean);
  const wake = () => streams().forEach((stream) => stream.wake());
  let seenAt = Date.now();
  setInterval(() => {
    if (Date.now() - seenAt > ASLEEP_MS) wake();
    seenAt = Date.now();
  }, LOOK_MS);
  addEventListener("online", wake);
  addEventListener("offline", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
}

// --- the market -----------------------------------------------------------------------------------

class PageStream extends MarketStream {
  /** Asks for the tickers of all other markets, too. */
  greet() {
    const others = store.markets
      .peek()
      .map((market) => market.symbol)
      .filter((symbol) => symbol !== this.symbol);
    for (let first = 0; first < others.length; first += 100) {
      const symbols = others.slice(first, first + 100);
      this.send({ op: "subscribe", symbols, channels: ["ticker"], interval: "500ms" });
    }
  }

  /** Asks for candles of another timeframe from now on. */
  wish(timeframe) {
    if (this.query.timeframes === timeframe) return;
    this.query.timeframes = timeframe;
    this.isWaiting = true;
    const channels = this.query.channels.split(",");
    this.send({
      op: "subscribe",
      symbols: [this.symbol],
      channels,
      timeframes: [timeframe],
      interval: this.query.interval,
    });
  }
}

function watchMarket(symbol) {
  marketStream?.close();
  tradeStream?.close();
  store.tradingState.value = store.market.peek().trading_state;
  connection.expect("market");
  connection.expect("trades");
  const stream = new PageStream(SOCKETS, symbol, {
    timeframes: [store.timeframe.peek()],
    onMessage: (message) => takeMarketMessage(stream, message),
    onState: (state) => state !== "open" && stream === marketStream && connection.down("market"),
  });
  marketStream = stream;
  live.book = stream.book;
  live.tape = new Tape();
  const trades = new TradeStream(SOCKETS, symbol, {
    onMessage: (message) => takeTradeMessage(trades, message),
    onState: (state) => state !== "open" && trades === tradeStream && connection.down("trades"),
  });
  tradeStream = trades;
  changed("book");
  changed("tape");
  marketStream.open();
  tradeStream.open();
}

function takeMarketMessage(stream, message) {
  if (stream !== marketStream) return;
  if (message.type === "ticker") takeTicker(message);
  else if (message.symbol !== stream.symbol) return;
  else if (message.type === "candle") for (const taker of candleTakers) taker(message);
  else if (message.type === "market") store.tradingState.value = message.trading_state;
  else if (message.type === "snapshot" || message.type === "resumed") {
    connection.up("market");
    changed("book");
    for (const taker of candleTakers) taker(null);
  } else if (message.type === "update") changed("book");
}

const newTickers = new Map();

function takeTicker(message) {
  newTickers.set(message.symbol, message);
  paint(showTickers);
}

function showTickers() {
  batch(() => {
    for (const [symbol, message] of newTickers) store.ticker(symbol).value = message;
  });
  newTickers.clear();
}

function takeTradeMessage(stream, message) {
  if (stream !== tradeStream) return;
  if (message.type === "trade") {
    live.tape.add(message);
    changed("tape");
  } else if (message.type === "subscribed" || message.type === "resync") readTrades(stream);
}

/** Reads the newest trades: those before the subscription, and those that were missed. */
async function readTrades(stream) {
  try {
    const { data } = await call(
      "GET",
      `/markets/${slug(stream.symbol)}/trades${query({ limit: live.tape.kept })}`,
    );
    if (stream !== tradeStream) return;
    for (const trade of data.reverse()) live.tape.add(trade);
    connection.up("trades");
    changed("tape");
  } catch {
    if (stream === tradeStream) stream.lost(4000); // the next connection tries again
  }
}

function changed(what) {
  for (const painter of painters[what]) paint(painter);
}

// --- the account ----------------------------------------------------------------------------------

function watchAccount(name) {
  privateStream?.close();
  privateStream = null;
  if (name === null) {
    connection.forget("account");
    return;
  }
  connection.expect("account");
  const stream = new PrivateStream(SOCKETS, () => accessToken(), {
    onMessage: (message) => stream === privateStream && takePrivateMessage(message),
    onState: (state, code) => stream === privateStream && takePrivateState(state, code),
  });
  privateStream = stream;
  stream.open();
}

async function takePrivateState(state, code) {
  if (state !== "open") connection.down("account");
  if (state !== "closed" || code !== 4401) return;
  const name = account.peek();
  const token = await accessToken({ isRefused: true }).catch(() => undefined);
  if (account.peek() === name && token) watchAccount(name);
  else if (token === undefined)
    setTimeout(() => account.peek() === name && watchAccount(name), 2_000);
}

function takePrivateMessage(message) {
  if (message.type === "snapshot" || message.type === "resumed") connection.up("account");
  if (message.type === "snapshot") {
    paint(showAccount);
    readHistory();
  } else if (message.type === "order") {
    paint(showAccount);
    if (!privateStream.orders.has(message.order.id)) remember(store.history, message.order);
  } else if (message.type === "fill") {
    remember(store.fills, message);
    announceFill(message);
  } else if (message.type === "balance") paint(showAccount);
}

const newFills = new Map(); // by order

/** An order that sweeps the book has many fills: they are told as one. */
function announceFill(fill) {
  if (!newFills.size) setTimeout(tellFills, FILLS_TOLD_AFTER_MS);
  newFills.set(fill.order_id, [...(newFills.get(fill.order_id) ?? []), fill]);
}

function tellFills() {
  for (const fills of newFills.values()) store.tell(fillsInWords(fills), fills[0].side);
  newFills.clear();
}

function fillsInWords(fills) {
  const decimals = shownDecimals(fills[0].quantity);
  const quantity = toText(
    fills.reduce((sum, fill) => sum + toUnits(fill.quantity, decimals), 0n),
    decimals,
  );
  const prices = fills.map((fill) => fill.price).sort((one, other) => Number(one) - Number(other)); // for the order only
  const [low, high] = [prices[0], prices[prices.length - 1]];
  const at = low === high ? grouped(low) : `${grouped(low)} to ${grouped(high)}`;
  return `${fills[0].side === "buy" ? "Bought" : "Sold"} ${quantity} ${fills[0].symbol.split("/")[0]} at ${at}`;
}

function showAccount() {
  if (!privateStream) return;
  batch(() => {
    store.orders.value = [...privateStream.orders.values()].sort(byAge);
    store.balances.value = new Map(privateStream.balances);
  });
}

/** Reads orders that have ended, and own trades: what happened before this session, or was missed. */
async function readHistory() {
  const name = account.peek();
  const statuses = "filled,cancelled,rejected,expired";
  try {
    const [ended, trades] = await Promise.all([
      ask("GET", `/orders${query({ status: statuses, limit: HISTORY_MAX / 2 })}`),
      ask("GET", `/trades${query({ mine: "true", limit: HISTORY_MAX / 2 })}`),
    ]);
    if (account.peek() !== name) return;
    remember(store.history, ...ended.data);
    remember(store.fills, ...trades.data);
  } catch {
    setTimeout(() => account.peek() === name && name !== null && readHistory(), RETRY_MS);
  }
}

/** Adds what is new by id, the newest first: ids are UUIDv7, which begin with the time. */
function remember(list, ...items) {
  const byId = new Map(list.peek().map((item) => [item.id, item]));
  for (const item of items) byId.set(item.id, item);
  list.value = [...byId.values()].sort(byAge).slice(0, HISTORY_MAX);
}

function byAge(one, other) {
  return one.id < other.id ? 1 : -1;
}
