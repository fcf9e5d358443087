// What an indicator says along the candles, from the first to the newest. No input or output.

import { seconds } from "./bars.js";
import {
  AverageDivergence,
  BollingerBands,
  ExponentialAverage,
  RelativeStrength,
  SimpleAverage,
} from "./formulas.js";

/**
 * @import { UTCTimestamp } from "lightweight-charts"
 * @import { Candle } from "#page/answers.d.ts"
 * @import { Formula, Numbers, Values } from "./formulas.js"
 * @import { Indicator, Kind } from "./indicators.js"
 */

/** @type {Record<Kind, new (numbers: Numbers) => Formula>} */
const FORMULAS = {
  sma: SimpleAverage,
  ema: ExponentialAverage,
  bollinger: BollingerBands,
  rsi: RelativeStrength,
  macd: AverageDivergence,
};

export class Course {
  /** @param {Indicator} indicator */
  constructor({ kind, numbers }) {
    this.start = () => new FORMULAS[kind](numbers);
    this.formula = this.start();
    /** @type {Pick<Candle, "time" | "close"> | undefined} */
    this.newest = undefined;
    /** @type {Map<UTCTimestamp, Values>} By the time of the candle, in order. */
    this.values = new Map();
  }

  /**
   * Begins anew: when earlier candles come, or one changes that was over, all may be others.
   *
   * @param {Pick<Candle, "time" | "close">[]} candles
   */
  load(candles) {
    this.formula = this.start();
    this.newest = undefined;
    this.values = new Map();
    for (const candle of candles) this.follow(candle);
  }

  /**
   * The values at a candle that is the newest, or follows it, which is over then. Costs the same
   * however many candles there are.
   *
   * @param {Pick<Candle, "time" | "close">} candle
   */
  follow(candle) {
    const { newest } = this;
    if (newest && newest.time !== candle.time) this.formula.keep(Number(newest.close));
    this.newest = candle;
    const values = this.formula.at(Number(candle.close));
    this.values.set(seconds(candle.time), values);
    return values;
  }
}
