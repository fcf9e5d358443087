// Where the candles of a chart come from: REST for those that were, the stream for what they become.

import { call, query, slug } from "#page/api.js";
import { paint, unpaint } from "#page/frame.js";
import { onCandle } from "#page/live.js";
import { Bars, inTime } from "./bars.js";

/**
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Candle, Market } from "#page/answers.d.ts"
 * @import { Answer } from "#page/api.js"
 * @import { CandleMessage } from "#page/live.js"
 */

const PAGE = 500;
const RETRY_MS = 2_000;

export class CandleFeed {
  /**
   * `onAll` is called when any candle may be another one, `onNewest` at most once per frame with those
   * at the end that have changed or come.
   *
   * @param {Market} market
   * @param {Timeframe} timeframe
   * @param {{ onAll: (isFirst: boolean) => void, onNewest: (candles: Candle[]) => void }} takers
   */
  constructor(market, timeframe, { onAll, onNewest }) {
    this.market = market;
    this.timeframe = timeframe;
    this.onAll = onAll;
    this.onNewest = onNewest;
    this.bars = new Bars();
    this.isReading = false;
    this.isWhole = false;
    this.isOver = false;
    this.reading = Symbol("the newest read");
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    /** @type {Map<string, Candle>} By time, for the next frame. */
    this.waiting = new Map();
    this.pass = () => this.passWaiting();
    this.stop = onCandle((candle) => this.take(candle));
    this.read();
  }

  end() {
    this.isOver = true;
    clearTimeout(this.retry);
    unpaint(this.pass);
    this.stop();
  }

  /** Reads the newest candles: at the beginning, and whenever some may have been missed. */
  async read() {
    clearTimeout(this.retry);
    const wanted = (this.reading = Symbol("the newest read"));
    const isObsolete = () => this.isOver || wanted !== this.reading;
    try {
      const candles = await this.page({});
      if (isObsolete()) return;
      const isFirst = !this.bars.size;
      for (const candle of candles) this.bars.learn(candle);
      this.onAll(isFirst);
    } catch {
      if (!isObsolete()) this.retry = setTimeout(() => this.read(), RETRY_MS);
    }
  }

  async readEarlier() {
    if (this.isReading || this.isWhole || !this.bars.oldest) return;
    this.isReading = true;
    try {
      const candles = await this.page({ to: this.bars.oldest.time });
      if (this.isOver) return;
      this.isWhole = !candles.length;
      for (const candle of candles) this.bars.learn(candle);
      if (candles.length) this.onAll(false);
    } catch {
      this.isWhole = true; // not again and again
    } finally {
      this.isReading = false;
    }
  }

  /** @param {{ to?: string }} bounds */
  async page(bounds) {
    const fields = { timeframe: this.timeframe, limit: PAGE, fill: "true", ...bounds };
    const path = `/markets/${slug(this.market.symbol)}/candles${query(fields)}`;
    /** @type {Answer<Candle[]>} */
    const { data } = await call("GET", path);
    return data;
  }

  /**
   * A busy minute changes its candle with each trade; once per frame is enough.
   *
   * @param {CandleMessage | null} candle
   */
  take(candle) {
    if (candle !== null && candle.timeframe !== this.timeframe) return;
    if (candle === null || !this.bars.size) {
      this.read();
    } else {
      this.waiting.set(candle.time, candle);
      paint(this.pass);
    }
  }

  passWaiting() {
    const candles = [...this.waiting.values()].sort(inTime);
    this.waiting.clear();
    const { newest } = this.bars;
    for (const candle of candles) this.bars.put(candle);
    if (newest && candles[0]?.time < newest.time) this.onAll(false);
    else this.onNewest(candles);
  }
}
