// What is newest, in order and each once: trades of a market, what an account has done. No input or
// output.

/**
 * @import { TradeMessage } from "../streams/messages.d.ts"
 * @import { PublicTrade } from "./answers.d.ts"
 * @typedef {Pick<
 *   PublicTrade & Extract<TradeMessage, { type: "trade" }>,
 *   "id" | "price" | "quantity" | "taker_side" | "executed_at"
 * >} Trade What the stream and REST both tell.
 */

const KEPT = 60;

export class Tape {
  constructor(kept = KEPT) {
    this.kept = kept;
    /** @type {Trade[]} Newest first. */
    this.trades = [];
    this.added = 0; // how many ever, so that a painter knows how many are new to it
    this.rewritten = 0; // how often older ones came in between
    this.isRead = false; // whether those of before the subscription are there
  }

  /**
   * Takes a trade, from the stream or from REST. Ids are UUIDv7 and ascend with time within a
   * market.
   *
   * @param {Trade} trade
   */
  add(trade) {
    const { trades } = this;
    if (!trades.length || trade.id > trades[0].id) {
      trades.unshift(trade);
      this.added += 1;
    } else {
      const place = trades.findIndex((other) => other.id <= trade.id);
      if (place >= 0 && trades[place].id === trade.id) return;
      if (place < 0 && trades.length >= this.kept) return;
      trades.splice(place < 0 ? trades.length : place, 0, trade);
      this.rewritten += 1;
    }
    if (trades.length > this.kept) trades.length = this.kept;
  }
}

/**
 * Items of both lists, each id once as it is in the second, the newest first by the time that is
 * shown. At most `most`.
 *
 * @template {{ id: string }} Item
 * @param {Item[]} known
 * @param {Item[]} items
 * @param {(item: Item) => string} time
 * @param {number} most
 */
export function merged(known, items, time, most) {
  const byId = new Map([...known, ...items].map((item) => [item.id, item]));
  return [...byId.values()].sort(newestFirst(time)).slice(0, most);
}

/**
 * Ids, which are UUIDv7, decide between items of the same moment.
 *
 * @template {{ id: string }} Item
 * @param {(item: Item) => string} time
 * @returns {(one: Item, other: Item) => number}
 */
export function newestFirst(time) {
  /** @param {Item} item */
  const place = (item) => `${time(item)} ${item.id}`;
  return (one, other) => (place(one) < place(other) ? 1 : -1);
}
