// The prices of a chart as a surface: from pixels to times and prices, and back.

import { seconds } from "./bars.js";
import { placeOf } from "./drawings.js";

/**
 * @import { Logical } from "lightweight-charts"
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Drawing, Point, Spot } from "./drawings.js"
 * @import { CandleView } from "./view.js"
 */

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
/** @type {Record<Timeframe, number>} */
const STEP_S = {
  "1m": MINUTE_S,
  "5m": 5 * MINUTE_S,
  "15m": 15 * MINUTE_S,
  "1h": HOUR_S,
  "4h": 4 * HOUR_S,
  "1d": DAY_S,
  "1w": 7 * DAY_S,
};

export class Surface {
  /** @param {CandleView} view */
  constructor(view) {
    this.view = view;
    /** @type {number[] | null} Null when they have to be read anew. */
    this.times = null;
  }

  /** All candles may be others. */
  reload() {
    this.times = null;
  }

  /** The newest candle has changed, or another one has come. */
  update() {
    if (this.times?.length !== this.view.bars.size) this.times = null;
  }

  get axis() {
    this.times ??= this.view.bars.ordered.map(({ time }) => seconds(time));
    return { times: this.times, step: STEP_S[this.view.timeframe] };
  }

  get width() {
    return this.view.chart.timeScale().width();
  }

  get height() {
    return this.view.chart.panes()[0].getHeight();
  }

  /** @param {Point} at */
  has({ x, y }) {
    return x >= 0 && x <= this.width && y >= 0 && y <= this.height;
  }

  /**
   * @param {Point} at
   * @returns {Spot | null}
   */
  spotAt({ x, y }) {
    const place = this.view.chart.timeScale().coordinateToLogical(x);
    const price = this.view.candles.coordinateToPrice(y);
    return place === null || price === null ? null : { place, price };
  }

  /**
   * Where the points of a drawing are; null while there is no scale to say it.
   *
   * @param {Drawing} drawing
   * @returns {Point[] | null}
   */
  pointsOf({ points }) {
    const scale = this.view.chart.timeScale();
    /** @type {Point[]} */
    const found = [];
    for (const { time, price } of points) {
      const place = /** @type {Logical} */ (placeOf(this.axis, time));
      const x = scale.logicalToCoordinate(place);
      const y = this.view.candles.priceToCoordinate(price);
      if (x === null || y === null) return null;
      found.push({ x, y });
    }
    return found;
  }
}
