// The candles of a chart, each once and in order. No input or output.

/**
 * @import { UTCTimestamp } from "lightweight-charts"
 * @import { Candle } from "#page/answers.d.ts"
 */

export class Bars {
  constructor() {
    /** @type {Map<string, Candle>} By time. */
    this.byTime = new Map();
    /** @type {Candle[] | null} Null when it has to be made anew. */
    this.sorted = [];
  }

  get size() {
    return this.byTime.size;
  }

  get newest() {
    return this.ordered.at(-1);
  }

  get oldest() {
    return this.ordered.at(0);
  }

  /** All of them, the oldest first. */
  get ordered() {
    this.sorted ??= [...this.byTime.values()].sort(inTime);
    return this.sorted;
  }

  /** @param {string | undefined} time */
  at(time) {
    return this.byTime.get(time ?? "");
  }

  /**
   * Takes a candle as the stream tells it. Most are the newest one, or follow it.
   *
   * @param {Candle} candle
   */
  put(candle) {
    const { newest } = this;
    this.byTime.set(candle.time, candle);
    if (newest === undefined || candle.time > newest.time) this.sorted?.push(candle);
    else if (candle.time === newest.time) this.sorted?.splice(-1, 1, candle);
    else this.sorted = null;
  }

  /**
   * Takes a candle that was read, unless the stream has told a newer state of it meanwhile: volumes
   * only grow.
   *
   * @param {Candle} candle
   */
  learn(candle) {
    const known = this.byTime.get(candle.time);
    if (known && Number(known.volume) > Number(candle.volume)) return;
    this.byTime.set(candle.time, candle);
    this.sorted = null;
  }

  /** How many of them had a trade. */
  get traded() {
    return this.ordered.filter(({ volume }) => Number(volume) > 0).length;
  }
}

/**
 * In the order of their times.
 *
 * @param {Candle} one
 * @param {Candle} other
 */
export function inTime(one, other) {
  return one.time < other.time ? -1 : 1;
}

/** @param {string} time */
export function seconds(time) {
  return /** @type {UTCTimestamp} */ (Date.parse(time) / 1000);
}
