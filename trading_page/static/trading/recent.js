// The newest trades of a market, in order and each once. No input or output.

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
