// A list of what has happened, read as far as somebody looks: page by page down, and up to the
// present by the bookmarks that miss and repeat nothing (docs/following.md).

import { signal } from "@preact/signals";
import { NoAnswer, query as queryText, Refusal } from "#page/api.js";
import { ask } from "#page/session.js";
import { ENDED, isListed } from "./filters.js";
import { Rows } from "./rows.js";

/**
 * @import { Entry, Order, OwnTrade } from "#page/answers.d.ts"
 * @import { Answer } from "#page/api.js"
 * @import { Query } from "./filters.js"
 */

/** @typedef {Order | Required<OwnTrade> | Entry} Happening */
/**
 * @template {Happening} Item
 * @typedef {{
 *   path: string,
 *   always: Query,
 *   time: (item: Item) => string,
 *   place: (item: Item) => string,
 *   name: string,
 * }} Source A list of the exchange; `always` is asked for whatever is chosen besides, `name` is
 *   what its files are called.
 */

const PAGE = 100;
const FOLLOWED = 1_000;
const RETRY_MS = 2_000;
const FOLLOW_EVERY_MS = 1_000;
let made = 0;

/** @type {Source<Order>} */
export const ORDERS = {
  path: "/orders",
  always: { status: ENDED },
  time: (order) => order.created_at,
  place: (order) => `${order.created_at} ${order.id}`,
  name: "orders",
};
/** @type {Source<Required<OwnTrade>>} */
export const TRADES = {
  path: "/trades",
  always: { mine: "true" },
  time: (trade) => trade.executed_at,
  place: (trade) => `${trade.executed_at} ${trade.id}`,
  name: "trades",
};
/** @type {Source<Entry>} Times are those of transactions, which overlap: numbers are the order. */
export const LEDGER = {
  path: "/ledger",
  always: {},
  time: (entry) => entry.created_at,
  place: (entry) => String(entry.id).padStart(19, "0"),
  name: "ledger",
};

/** @template {Happening} Item */
export class Feed {
  /**
   * @param {Source<Item>} source
   * @param {Query} query
   */
  constructor(source, query) {
    this.key = made += 1;
    this.source = source;
    /** @type {Query} */
    this.query = { ...source.always, ...query };
    this.rows = /** @type {Rows<Item>} */ (new Rows(source.place));
    this.changes = signal(0);
    this.isWhole = signal(false);
    /** What is wrong; "" while all is well. */
    this.problem = signal("");
    this.cursor = /** @type {string | null} */ (null);
    this.bookmark = /** @type {string | null} */ (null);
    this.isReading = false;
    this.isFollowing = false;
    this.isBehind = false;
    this.isOver = false;
  }

  /** Reads the next page, unless it is being read. The first one begins where the following does. */
  async more() {
    if (this.isReading || this.isWhole.peek() || this.isOver) return;
    this.isReading = true;
    try {
      await this.read();
      this.problem.value = "";
    } catch (error) {
      this.fail(error, () => this.more());
    }
    this.isReading = false;
    if (this.isBehind) await this.follow();
  }

  async read() {
    this.bookmark ??= await this.present();
    const { path } = this.source;
    const page = { ...this.query, limit: PAGE, cursor: this.cursor ?? undefined };
    /** @type {Answer<Item[]>} */
    const { data, pagination } = await ask("GET", `${path}${queryText(page)}`);
    this.cursor = pagination?.next_cursor ?? null;
    this.rows.take(data, this.cursor === null);
    this.isWhole.value = this.cursor === null;
    this.changes.value += 1;
  }

  /** Where the list is now. What happens from here on is followed. */
  async present() {
    const { bookmark } = await this.followed("now");
    return bookmark;
  }

  /** Reads what has happened since, in a moment: somebody has noticed that something did. */
  async follow() {
    this.isBehind = true;
    if (this.isFollowing) return;
    this.isFollowing = true;
    while (this.isBehind && this.bookmark !== null && !this.isOver) {
      this.isBehind = false;
      await this.catchUp().catch((error) => this.fail(error, () => this.follow()));
      await pause(FOLLOW_EVERY_MS);
    }
    this.isFollowing = false;
  }

  async catchUp() {
    for (let hasMore = true; hasMore && this.bookmark !== null && !this.isOver;) {
      const found = await this.followed(this.bookmark);
      this.bookmark = found.bookmark;
      hasMore = found.hasMore;
      const { time } = this.source;
      const listed = found.data.filter((item) => isListed(this.query, item, time(item)));
      for (const item of listed) this.rows.put(item);
      if (listed.length) this.changes.value += 1;
    }
    this.problem.value = "";
  }

  /** @param {string} after */
  async followed(after) {
    const { path, always } = this.source;
    const fields = { mine: always.mine, after, limit: FOLLOWED };
    /** @type {Answer<Item[]>} */
    const { data, pagination } = await ask("GET", `${path}${queryText(fields)}`);
    return {
      data,
      bookmark: pagination?.bookmark ?? after,
      hasMore: pagination?.has_more ?? false,
    };
  }

  /**
   * What had no answer, or came too soon, is tried again; what was refused is said.
   *
   * @param {unknown} error
   * @param {() => void} again
   */
  fail(error, again) {
    if (!(error instanceof NoAnswer || error instanceof Refusal)) throw error;
    if (this.isOver) return;
    this.problem.value = error.message;
    if (error instanceof NoAnswer || error.status >= 500) setTimeout(again, RETRY_MS);
  }

  /** Nobody looks any more. */
  end() {
    this.isOver = true;
  }
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
