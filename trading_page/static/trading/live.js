// The streams of the page: the market that is shown with everybody's tickers, its trades, and the
// account.

import { batch, effect } from "@preact/signals";
import { OrderBook } from "../streams/book.js";
import { MarketStream, PrivateStream, TradeStream } from "../streams/stream.js";
import { call, query, slug } from "./api.js";
import { Connection } from "./connection.js";
import { paint } from "./frame.js";
import { isTold, tellOrder } from "./notices.js";
import { merged, newestFirst, Tape } from "./recent.js";
import { isNews } from "./reports.js";
import { accessToken, account, ask } from "./session.js";
import * as store from "./store.js";

/**
 * @import { AccountMessage, MarketMessage, TradeMessage } from "../streams/messages.d.ts"
 * @import { StreamState, Timeframe } from "../streams/stream.js"
 * @import { Market, Order, OwnFees, PublicTrade } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @import { Painter } from "./frame.js"
 * @import { Fill, Ticker } from "./store.js"
 */

/** @typedef {Extract<MarketMessage, { type: "candle" }>} CandleMessage */
/** @typedef {(candle: CandleMessage | null) => void} CandleTaker */
/** @typedef {Extract<AccountMessage, { type: "fill" }>} FillMessage */
/** @typedef {(message: Ticker | FillMessage) => void} OccasionTaker */

const SOCKETS = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
const HISTORY_MAX = 200;
const RETRY_MS = 2_000;
const NEWS_AFTER_MS = 300;
const FEES_EVERY_MS = 600_000; // they change once a night, or when staff change them
const LOOK_MS = 1_000;
const ASLEEP_MS = 10_000; // timers of hidden tabs may come late, but not as late as that

/** Book and newest trades of the market that is shown. Painters read them, nobody writes. */
export const live = { book: new OrderBook(), tape: new Tape() };

/** @type {Record<"book" | "tape", Set<Painter>>} */
const painters = { book: new Set(), tape: new Set() };
/** @type {Set<CandleTaker>} */
const candleTakers = new Set();
/** @type {Set<OccasionTaker>} */
const occasionTakers = new Set();
const connection = new Connection((state) => {
  store.connection.value = state;
});
/** @type {PageStream | null} */
let marketStream = null;
/** @type {TradeStream | null} */
let tradeStream = null;
/** @type {PrivateStream | null} */
let privateStream = null;

/**
 * Calls `painter` once per frame in which the book or the tape has changed. Returns how to stop
 * that.
 *
 * @param {"book" | "tape"} what
 * @param {Painter} painter
 */
export function onChange(what, painter) {
  painters[what].add(painter);
  paint(painter);
  return () => {
    painters[what].delete(painter);
  };
}

/**
 * Calls `taker(candle)` for each candle, and `taker(null)` when candles may have been missed.
 *
 * @param {CandleTaker} taker
 */
export function onCandle(taker) {
  candleTakers.add(taker);
  return () => {
    candleTakers.delete(taker);
  };
}

/**
 * Calls `taker` for each ticker and each own trade as it comes, also in a hidden tab, where nothing is
 * painted.
 *
 * @param {OccasionTaker} taker
 */
export function onOccasion(taker) {
  occasionTakers.add(taker);
}

/** Begins, and follows the symbol, the timeframe and the login from now on. */
export function goLive() {
  effect(() => {
    if (store.market.value) watchMarket(store.market.value);
  });
  effect(() => {
    const timeframe = store.timeframe.value;
    marketStream?.wish(timeframe);
  });
  effect(() => watchAccount(account.value));
  setInterval(readFees, FEES_EVERY_MS);
  watchNetwork();
}

/** A socket does not tell when its network goes, or the computer has slept: the clock does. */
function watchNetwork() {
  const wake = () => {
    for (const stream of [marketStream, tradeStream, privateStream]) stream?.wake();
  };
  let seenAt = Date.now();
  setInterval(() => {
    if (Date.now() - seenAt > ASLEEP_MS) wake();
    seenAt = Date.now();
  }, LOOK_MS);
  addEventListener("online", wake);
  addEventListener("offline", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
}

// --- the market ----------------------------------------------------------------------------------

class PageStream extends MarketStream {
  /**
   * Asks for the tickers of all other markets, too.
   *
   * @override
   */
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

  /**
   * Asks for candles of another timeframe from now on.
   *
   * @param {Timeframe} timeframe
   */
  wish(timeframe) {
    if (this.query.timeframes === timeframe) return;
    this.query.timeframes = timeframe;
    this.isWaiting = true;
    const { symbol, channels, interval } = this;
    this.send({ op: "subscribe", symbols: [symbol], channels, timeframes: [timeframe], interval });
  }
}

/** @param {Market} market */
function watchMarket({ symbol, trading_state: tradingState }) {
  marketStream?.close();
  tradeStream?.close();
  store.tradingState.value = tradingState;
  connection.expect("market");
  connection.expect("trades");
  const stream = new PageStream(SOCKETS, symbol, {
    timeframes: [store.timeframe.peek()],
    onMessage: (message) => takeMarketMessage(stream, message),
    onState: (state) => {
      if (state !== "open" && stream === marketStream) connection.down("market");
    },
  });
  marketStream = stream;
  live.book = stream.book;
  live.tape = new Tape();
  const trades = new TradeStream(SOCKETS, symbol, {
    onMessage: (message) => takeTradeMessage(trades, message),
    onState: (state) => {
      if (state !== "open" && trades === tradeStream) connection.down("trades");
    },
  });
  tradeStream = trades;
  changed("book");
  changed("tape");
  marketStream.open();
  tradeStream.open();
}

/**
 * @param {PageStream} stream
 * @param {MarketMessage} message
 */
function takeMarketMessage(stream, message) {
  if (stream !== marketStream) return;
  if (message.type === "ticker") takeTicker(message);
  else if (!("symbol" in message) || message.symbol !== stream.symbol) return;
  else if (message.type === "candle") for (const taker of candleTakers) taker(message);
  else if (message.type === "market") store.tradingState.value = message.trading_state;
  else if (message.type === "snapshot" || message.type === "resumed") {
    connection.up("market");
    changed("book");
    for (const taker of candleTakers) taker(null);
  } else if (message.type === "update") changed("book");
}

/** @type {Map<string, Ticker>} By symbol. */
const newTickers = new Map();

/** @param {Ticker} message */
function takeTicker(message) {
  for (const taker of occasionTakers) taker(message);
  newTickers.set(message.symbol, message);
  paint(showTickers);
}

function showTickers() {
  batch(() => {
    for (const [symbol, message] of newTickers) store.ticker(symbol).value = message;
  });
  newTickers.clear();
}

/**
 * @param {TradeStream} stream
 * @param {TradeMessage} message
 */
function takeTradeMessage(stream, message) {
  if (stream !== tradeStream) return;
  if (message.type === "trade") {
    live.tape.add(message);
    changed("tape");
  } else if (message.type === "subscribed" || message.type === "resync") readTrades(stream);
}

/**
 * Reads the newest trades: those before the subscription, and those that were missed.
 *
 * @param {TradeStream} stream
 */
async function readTrades(stream) {
  try {
    /** @type {Answer<PublicTrade[]>} */
    const { data } = await call(
      "GET",
      `/markets/${slug(stream.symbol)}/trades${query({ limit: live.tape.kept })}`,
    );
    if (stream !== tradeStream) return;
    for (const trade of data.reverse()) live.tape.add(trade);
    live.tape.isRead = true;
    connection.up("trades");
    changed("tape");
  } catch {
    if (stream === tradeStream) stream.lost(4000); // the next connection tries again
  }
}

/** @param {"book" | "tape"} what */
function changed(what) {
  for (const painter of painters[what]) paint(painter);
}

// --- the account ---------------------------------------------------------------------------------

/** @param {string | null} name */
function watchAccount(name) {
  privateStream?.close();
  privateStream = null;
  news.clear();
  if (name === null) {
    connection.forget("account");
    return;
  }
  connection.expect("account");
  const stream = new PrivateStream(SOCKETS, () => accessToken(), {
    onMessage: (message) => {
      if (stream === privateStream) takePrivateMessage(stream, message);
    },
    onState: (state, code) => {
      if (stream === privateStream) takePrivateState(state, code);
    },
  });
  privateStream = stream;
  stream.open();
}

/**
 * @param {StreamState} state
 * @param {number} [code]
 */
async function takePrivateState(state, code) {
  if (state !== "open") connection.down("account");
  if (state !== "closed" || code !== 4401) return;
  const name = account.peek();
  const token = await accessToken({ isRefused: true }).catch(() => undefined);
  if (account.peek() === name && token) watchAccount(name);
  else if (token === undefined) {
    setTimeout(() => account.peek() === name && watchAccount(name), 2_000);
  }
}

/**
 * @param {PrivateStream} stream
 * @param {AccountMessage} message
 */
function takePrivateMessage(stream, message) {
  if (message.type === "snapshot" || message.type === "resumed") connection.up("account");
  if (message.type === "snapshot") {
    paint(showAccount);
    readHistory();
    readFees();
  } else if (message.type === "order") {
    announce(message.order, store.knownOrder(message.order.id));
    paint(showAccount);
    if (!stream.orders.has(message.order.id)) rememberOrders(message.order);
  } else if (message.type === "fill") {
    for (const taker of occasionTakers) taker(message);
    rememberFills(message);
  } else if (message.type === "balance") paint(showAccount);
}

/** @type {Map<string, Order>} What is news of orders, by id. */
const news = new Map();

/**
 * An order that sweeps the book, or is filled piece by piece, changes often: it is told as it is
 * after a moment.
 *
 * @param {Order} order
 * @param {Order} [before]
 */
function announce(order, before) {
  if (!news.has(order.id) && !isNews(order, before) && !isTold(order.id)) return;
  if (!news.size) setTimeout(tellNews, NEWS_AFTER_MS);
  news.set(order.id, order);
}

function tellNews() {
  for (const order of news.values()) tellOrder(order);
  news.clear();
}

function showAccount() {
  if (!privateStream) return;
  const { orders, balances } = privateStream;
  batch(() => {
    store.orders.value = [...orders.values()].sort(newestFirst((order) => order.created_at));
    store.balances.value = new Map(balances);
  });
}

/**
 * Reads orders that have ended, and own trades: what happened before this session, or was missed.
 */
async function readHistory() {
  const name = account.peek();
  const statuses = "filled,cancelled,rejected,expired";
  try {
    /** @type {[Answer<Order[]>, Answer<Fill[]>]} */
    const [ended, trades] = await Promise.all([
      ask("GET", `/orders${query({ status: statuses, limit: HISTORY_MAX / 2 })}`),
      ask("GET", `/trades${query({ mine: "true", limit: HISTORY_MAX / 2 })}`),
    ]);
    if (account.peek() !== name) return;
    rememberOrders(...ended.data);
    rememberFills(...trades.data);
  } catch {
    setTimeout(() => account.peek() === name && name !== null && readHistory(), RETRY_MS);
  }
}

/** Reads what the account pays. Without an answer the market's own rates stay. */
async function readFees() {
  const name = account.peek();
  if (name === null) return;
  /** @type {Answer<OwnFees[]> | null} */
  const answer = await ask("GET", `/fees${query({ limit: 1_000 })}`).catch(() => null);
  if (answer && account.peek() === name) {
    store.fees.value = new Map(answer.data.map((rates) => [rates.symbol, rates]));
  }
}

/** @param {Order[]} orders */
function rememberOrders(...orders) {
  const ended = merged(store.history.peek(), orders, (order) => order.updated_at, HISTORY_MAX);
  store.history.value = ended;
}

/** @param {Fill[]} trades */
function rememberFills(...trades) {
  store.fills.value = merged(store.fills.peek(), trades, (fill) => fill.executed_at, HISTORY_MAX);
}
