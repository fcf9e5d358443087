// Streams that reconnect by themselves and go on where they were, in browsers and in Node (22, or
// with a WebSocket).

import { ChecksumError, GapError, OrderBook } from "./book.js";

/**
 * @import {
 *   AccountMessage, AccountRequest, MarketMessage, MarketRequest, TradeMessage, TradeRequest,
 * } from "./messages.d.ts"
 */

/** @typedef {Extract<AccountMessage, { type: "order" }>["order"]} Order */
/** @typedef {Extract<AccountMessage, { type: "snapshot" }>["balances"][number]} Balance */
/** @typedef {Extract<MarketRequest, { op: "subscribe" }>} Subscription */
/** @typedef {NonNullable<Subscription["channels"]>[number]} Channel */
/** @typedef {NonNullable<Subscription["timeframes"]>[number]} Timeframe */
/** @typedef {NonNullable<Subscription["interval"]>} Interval */
/** @typedef {"connecting" | "open" | "waiting" | "closed"} StreamState */

/**
 * What a stream uses of a WebSocket.
 *
 * @typedef {object} Socket
 * @property {number} readyState
 * @property {(() => void) | null} onopen
 * @property {((event: { data: string }) => void) | null} onmessage
 * @property {((event: { code: number }) => void) | null} onclose
 * @property {(() => void) | null} onerror
 * @property {(text: string) => void} send
 * @property {() => void} close
 */

/** @typedef {new (address: string) => Socket} SocketClass */

/**
 * @template Message
 * @typedef {object} StreamOptions
 * @property {(message: Message) => void} [onMessage] Called after the stream has taken a message.
 * @property {(state: StreamState, code?: number) => void} [onState] With the code of a close.
 * @property {SocketClass} [WebSocket] Where it is not a global.
 */

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;
const SILENCE_MS = 40_000; // the server sends a heartbeat after 15 s
const ANSWER_MS = 3_000;
const FOR_GOOD = [4400, 4401, 4403, 4404]; // trying again would not help
const OPEN = ["open", "partially_filled", "pending"];

/**
 * A connection that comes back. What it gets and sends is its subclass's.
 *
 * @template {{ type: string }} Message
 * @template {{ op: string }} Request
 */
export class Stream {
  /** @param {StreamOptions<Message>} options */
  constructor({ onMessage = () => {}, onState = () => {}, ...options } = {}) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.reconnects = 0;
    /** @type {SocketClass | undefined} */
    this.socketClass = options.WebSocket ?? /** @type {SocketClass} */ (globalThis.WebSocket);
    this.pauseMs = FIRST_PAUSE_MS;
    this.isClosed = false;
    /** @type {Socket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /**
   * Where to connect.
   *
   * @abstract
   * @returns {string}
   */
  address() {
    throw new Error("A stream has an address");
  }

  /** Connects, and again whenever the connection is lost, until `close`. */
  open() {
    if (!this.socketClass) {
      throw new Error(
        "There is no WebSocket: take Node 22 or newer, or node --experimental-websocket," +
          " or options.WebSocket",
      );
    }
    this.onState("connecting");
    const socket = new this.socketClass(this.address());
    this.socket = socket;
    socket.onopen = () => {
      this.onState("open");
      this.listen();
      this.greet();
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.listen();
      /** @type {Message} */
      const message = JSON.parse(event.data);
      // A client that is refused must not come back at once.
      if (message.type !== "error") this.pauseMs = FIRST_PAUSE_MS;
      this.take(message);
      if (socket === this.socket) this.onMessage(message);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code);
    };
    socket.onerror = () => {
      // Some tell a vain attempt in no other way.
      if (socket === this.socket && socket.readyState !== 1) this.lost(1006);
    };
    this.listen();
    return this;
  }

  close() {
    this.isClosed = true;
    this.lost(1000);
  }

  /** @param {Request | { op: "ping" }} message */
  send(message) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  /** Gives the connection up when nothing at all comes for too long. */
  listen(forMs = SILENCE_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lost(4000), forMs);
  }

  /**
   * Finds out at once whether the connection still works, and connects at once where it waits to:
   * for when a computer wakes up or a network comes back, of which a socket does not tell.
   */
  wake() {
    if (this.isClosed) return;
    if (this.socket?.readyState === 1) {
      this.send({ op: "ping" });
      this.listen(ANSWER_MS);
    } else if (!this.socket) {
      clearTimeout(this.timer);
      this.pauseMs = FIRST_PAUSE_MS;
      this.open();
    }
  }

  /** @param {number} code */
  lost(code) {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    if (this.isClosed || this.isForGood(code)) {
      this.isClosed = true;
      this.onState("closed", code);
      return;
    }
    this.reconnects += 1;
    this.onState("waiting", code);
    const pauseMs = this.pauseMs * (0.5 + Math.random() / 2); // not all come back at once
    this.timer = setTimeout(() => this.open(), pauseMs);
    this.pauseMs = Math.min(2 * this.pauseMs, LAST_PAUSE_MS);
  }

  /**
   * Tells whether trying again would not help.
   *
   * @param {number} code
   */
  isForGood(code) {
    return FOR_GOOD.includes(code);
  }

  /** Says what there is to say on a new connection. */
  greet() {}

  /**
   * Keeps what a message tells.
   *
   * @param {Message} _message
   */
  take(_message) {}
}

/**
 * One market: `book` has taken each `snapshot` and `update` before `onMessage` gets it.
 *
 * @extends {Stream<MarketMessage, MarketRequest>}
 */
export class MarketStream extends Stream {
  /**
   * @param {string} url
   * @param {string} symbol
   * @param {StreamOptions<MarketMessage> & {
   *   channels?: Channel[], timeframes?: Timeframe[], interval?: Interval,
   * }} options
   */
  constructor(
    url,
    symbol,
    { channels = ["book", "ticker"], timeframes = [], interval = "0ms", ...options } = {},
  ) {
    super(options);
    this.symbol = symbol;
    this.book = new OrderBook();
    this.resumed = 0;
    this.repairs = 0;
    this.isWaiting = false; // for what was asked for after a gap
    this.base = `${url}/ws/markets/${symbol.replace("/", "-")}`;
    this.interval = interval;
    /** @type {Channel[]} */
    this.channels = timeframes.length ? [...channels, "candles"] : channels;
    /** @type {Record<string, string>} */
    this.query = { channels: this.channels.join(","), interval };
    if (timeframes.length) this.query.timeframes = timeframes.join(",");
  }

  /**
   * Names the number that the book is at, so that only what was missed is sent.
   *
   * @override
   */
  address() {
    this.isWaiting = false;
    const query = new URLSearchParams(this.query);
    if (this.book.seq !== null) query.set("from_seq", String(this.book.seq));
    return `${this.base}?${query}`;
  }

  /**
   * @override
   * @param {MarketMessage} message
   */
  take(message) {
    if (!("symbol" in message) || message.symbol !== this.symbol) return;
    if (message.type === "resumed") this.resumed += 1;
    if (message.type === "resumed" || message.type === "snapshot") this.isWaiting = false;
    if (this.isWaiting) return;
    try {
      this.book.apply(message);
    } catch (error) {
      if (error instanceof GapError) this.repair({ from_seq: this.book.seq });
      else if (error instanceof ChecksumError) {
        // It is asked for as a whole, even if the connection is lost meanwhile.
        this.book.seq = null;
        this.repair({});
      } else throw error;
    }
  }

  /** @param {{ from_seq?: number | null }} where */
  repair(where) {
    this.repairs += 1;
    this.isWaiting = true;
    this.send({ op: "resume", symbol: this.symbol, ...where });
  }
}

/**
 * Public trades of one market. After each `subscribed`, and after a `resync`, trades may have been
 * missed: those are read over REST. `seq` is that of the last trade.
 *
 * @extends {Stream<TradeMessage, TradeRequest>}
 */
export class TradeStream extends Stream {
  /**
   * @param {string} url
   * @param {string} symbol
   * @param {StreamOptions<TradeMessage>} options
   */
  constructor(url, symbol, options = {}) {
    super(options);
    /** @type {number | null} */
    this.seq = null;
    this.symbol = symbol;
    this.base = `${url}/ws/trades?symbol=${symbol.replace("/", "-")}`;
  }

  /** @override */
  address() {
    return this.base;
  }

  /**
   * @override
   * @param {TradeMessage} message
   */
  take(message) {
    if (message.type === "trade") this.seq = message.seq;
  }
}

/**
 * One account: `orders` and `balances` have taken each message before `onMessage` gets it.
 * `token()` gives a valid access token each time it is asked, or null when there is no login any
 * more. A token's end is no end of the stream: it comes back with the next one. It is "closed" with
 * 4401 when a token is refused.
 *
 * @extends {Stream<AccountMessage, AccountRequest>}
 */
export class PrivateStream extends Stream {
  /**
   * @param {string} url
   * @param {() => string | null | undefined | Promise<string | null | undefined>} token
   * @param {StreamOptions<AccountMessage>} options
   */
  constructor(url, token, options = {}) {
    super(options);
    this.url = url;
    this.token = token;
    /** @type {Map<string, Order>} By id. */
    this.orders = new Map();
    /** @type {Map<string, Balance>} By asset. */
    this.balances = new Map();
    this.session = "";
    this.seq = 0;
    this.resumed = 0;
    this.isTokenDoubtful = false; // it was sent, and not accepted yet
  }

  /** @override */
  address() {
    this.isTokenDoubtful = false;
    return `${this.url}/ws/orders`;
  }

  /** @override */
  async greet() {
    const socket = this.socket;
    const token = await Promise.resolve()
      .then(() => this.token())
      .catch(() => undefined);
    if (socket !== this.socket) return;
    if (token === null) this.close();
    else if (token === undefined) this.lost(4000);
    else {
      this.isTokenDoubtful = true;
      this.send({
        op: "auth",
        token,
        ...(this.session && { session: this.session, private_seq: this.seq }),
      });
    }
  }

  /**
   * @override
   * @param {number} code
   */
  isForGood(code) {
    return code === 4401 ? this.isTokenDoubtful : super.isForGood(code);
  }

  /**
   * @override
   * @param {number} code
   */
  lost(code) {
    if (code === 4409) this.session = ""; // somebody else goes on with it
    super.lost(code);
  }

  /**
   * @override
   * @param {AccountMessage} message
   */
  take(message) {
    if (message.type === "authenticated") this.isTokenDoubtful = false;
    if (message.type === "resumed") this.resumed += 1;
    if (message.type === "resumed" || !("private_seq" in message)) return;
    const isFresh = message.type === "snapshot" && message.session !== this.session;
    if (!isFresh && message.private_seq !== this.seq + 1) {
      this.lost(4000); // it cannot be; a new connection resumes
      return;
    }
    this.seq = message.private_seq;
    if (message.type === "snapshot") {
      this.session = message.session;
      this.orders = new Map(message.orders.map((order) => [order.id, order]));
      this.balances = new Map(message.balances.map((balance) => [balance.asset, balance]));
    } else if (message.type === "balance") {
      this.balances.set(message.asset, message);
    } else if (message.type === "order") {
      this.takeOrder(message.order);
    }
  }

  /**
   * An order that is not open any more is forgotten; one that is known keeps its place.
   *
   * @param {Order} order
   */
  takeOrder(order) {
    if (OPEN.includes(order.status)) this.orders.set(order.id, order);
    else this.orders.delete(order.id);
  }
}
