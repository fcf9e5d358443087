// An order book kept from the messages `snapshot` and `update`. No input or output.

/**
 * @import { MarketMessage } from "./messages.d.ts"
 * @typedef {[price: string, volume: string]} Level As the strings that the exchange sent.
 */

const CHECKSUM_LEVELS = 10;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * CRC-32 of a string of digits, unsigned.
 *
 * @param {string} text
 */
export function crc32(text) {
  let crc = 0xffffffff;
  for (let place = 0; place < text.length; place += 1) {
    crc = CRC_TABLE[(crc ^ text.charCodeAt(place)) & 255] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** An update does not follow: something in between is missing. */
export class GapError extends Error {}

/** The book differs from the exchange's. */
export class ChecksumError extends Error {}

/**
 * Both sides, best level first. Prices have a fixed number of decimals, so without the point they
 * are whole numbers, and compare exactly.
 */
export class OrderBook {
  constructor() {
    /** @type {number | null} */
    this.seq = null;
    /** @type {Level[]} */
    this.bids = [];
    /** @type {Level[]} */
    this.asks = [];
  }

  /**
   * Takes a message; returns whether the book changed. Throws GapError, ChecksumError.
   *
   * @param {MarketMessage} message
   */
  apply(message) {
    if (message.type === "snapshot") {
      this.bids = message.bids.map((level) => [...level]);
      this.asks = message.asks.map((level) => [...level]);
      this.seq = message.seq;
    } else if (message.type === "update") {
      if (this.seq === null || message.first_seq !== this.seq + 1) {
        throw new GapError(
          `the book is at ${this.seq}, the update begins with ${message.first_seq}`,
        );
      }
      change(this.bids, message.bids, -1n);
      change(this.asks, message.asks, 1n);
      this.seq = message.last_seq;
    } else {
      return false;
    }
    const own = this.checksum();
    if (own !== message.checksum) {
      throw new ChecksumError(`at ${this.seq}: ${own} instead of ${message.checksum}`);
    }
    return true;
  }

  /** CRC-32 of the best 10 asks, then the best 10 bids; numbers without point and leading zeros. */
  checksum() {
    const best = [...this.asks.slice(0, CHECKSUM_LEVELS), ...this.bids.slice(0, CHECKSUM_LEVELS)];
    return crc32(
      best
        .flat()
        .map((number) => number.replace(".", "").replace(/^0+/, ""))
        .join(""),
    );
  }
}

/**
 * Applies changes to one side, which is sorted by sign x price.
 *
 * @param {Level[]} levels
 * @param {Level[]} changes
 * @param {bigint} sign
 */
function change(levels, changes, sign) {
  for (const [price, volume] of changes) {
    const place = find(levels, sign * ticks(price), sign);
    const isThere = place < levels.length && levels[place][0] === price;
    if (volume === "0") {
      if (isThere) levels.splice(place, 1);
    } else {
      levels.splice(place, isThere ? 1 : 0, [price, volume]);
    }
  }
}

/**
 * The first place whose level is not better.
 *
 * @param {Level[]} levels
 * @param {bigint} key
 * @param {bigint} sign
 */
function find(levels, key, sign) {
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sign * ticks(levels[middle][0]) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {string} price */
function ticks(price) {
  return BigInt(price.replace(".", ""));
}
