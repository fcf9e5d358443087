// Draws the indicators: their lines on the prices, and panes below for those with a scale of their
// own.

import { effect } from "@preact/signals";
import { HistogramSeries, LineSeries, LineStyle } from "lightweight-charts";
import { colours } from "#page/theme.js";
import { seconds } from "./bars.js";
import { Course } from "./course.js";
import { KINDS, shortName } from "./indicators.js";
import { indicators } from "./studies.js";

/**
 * @import { IChartApi, ISeriesApi, SeriesType, UTCTimestamp } from "lightweight-charts"
 * @import { Candle } from "#page/answers.d.ts"
 * @import { Values } from "./formulas.js"
 * @import { Colour, Indicator, Stroke } from "./indicators.js"
 * @import { Reading } from "./legend.js"
 * @import { CandleView } from "./view.js"
 */

const STRETCH = { prices: 3, below: 1 };
const RSI_BOUNDS = [30, 70];
const BARE = { lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };

export class Plots {
  /** @param {CandleView} view */
  constructor(view) {
    this.view = view;
    /** @type {Plot[]} */
    this.plots = [];
    this.stop = effect(() => this.show(indicators.value));
  }

  end() {
    this.stop();
  }

  /** @param {Indicator[]} list */
  show(list) {
    for (const plot of this.plots) plot.remove();
    let pane = 0;
    this.plots = list.map((indicator) => {
      if (KINDS[indicator.kind].isBelow) pane += 1;
      return new Plot(this.view, indicator, KINDS[indicator.kind].isBelow ? pane : 0);
    });
    this.view.chart
      .panes()
      .forEach((one, index) => one.setStretchFactor(index ? STRETCH.below : STRETCH.prices));
    this.reload();
    this.view.say();
  }

  reload() {
    for (const plot of this.plots) plot.load(this.view.bars.ordered);
  }

  /**
   * @param {Candle[]} candles The newest ones, which have changed or come.
   */
  update(candles) {
    for (const plot of this.plots) for (const candle of candles) plot.follow(candle);
  }

  dress() {
    for (const plot of this.plots) plot.dress();
  }

  /**
   * What the indicators say of a candle.
   *
   * @param {Candle} candle
   * @returns {Reading[]}
   */
  readings({ time }) {
    return this.plots.map((plot) => plot.reading(seconds(time)));
  }
}

/** One indicator. */
class Plot {
  /**
   * @param {CandleView} view
   * @param {Indicator} indicator
   * @param {number} pane
   */
  constructor(view, indicator, pane) {
    this.chart = view.chart;
    this.palette = view.palette;
    this.indicator = indicator;
    this.kind = KINDS[indicator.kind];
    this.format = indicator.kind === "rsi" ? PERCENTAGE : view.format;
    this.series = this.kind.strokes.map((stroke) => addStroke(view.chart, stroke, pane));
    for (const series of this.series) series.applyOptions({ priceFormat: this.format });
    this.bounds = (indicator.kind === "rsi" ? RSI_BOUNDS : []).map((price) =>
      this.series[0].createPriceLine({ price, lineWidth: 1, lineStyle: LineStyle.Dashed }),
    );
    this.course = new Course(indicator);
    this.dress();
  }

  remove() {
    for (const series of this.series) this.chart.removeSeries(series);
  }

  /** @param {Candle[]} candles */
  load(candles) {
    this.course.load(candles);
    this.series.forEach((series, place) => series.setData(this.points(place)));
  }

  /** @param {number} place */
  points(place) {
    return [...this.course.values].map(([time, values]) => this.point(time, values, place));
  }

  /** @param {Candle} candle */
  follow(candle) {
    const values = this.course.follow(candle);
    const time = seconds(candle.time);
    this.series.forEach((series, place) => series.update(this.point(time, values, place)));
  }

  /**
   * @param {UTCTimestamp} time
   * @param {Values} values
   * @param {number} place
   */
  point(time, values, place) {
    const value = values[place];
    if (value === null) return { time };
    if (this.kind.strokes[place] !== "columns") return { time, value };
    return { time, value, color: value >= 0 ? this.palette.up : this.palette.down };
  }

  dress() {
    this.palette = colours();
    const own = colourOf(this.indicator.colour);
    this.series.forEach((series, place) => {
      const stroke = this.kind.strokes[place];
      series.applyOptions({ color: stroke === "muted" ? this.palette.muted : own });
    });
    for (const line of this.bounds) {
      line.applyOptions({ color: this.palette.muted, axisLabelVisible: false });
    }
  }

  /**
   * @param {UTCTimestamp} time
   * @returns {Reading}
   */
  reading(time) {
    const values = this.course.values.get(time) ?? [];
    const shown = values.filter((value) => value !== null).map(this.format.formatter);
    return {
      name: shortName(this.indicator),
      colour: colourOf(this.indicator.colour),
      text: shown.join(" ") || "–",
    };
  }
}

const PERCENTAGE = {
  type: /** @type {const} */ ("custom"),
  formatter: (/** @type {number} */ value) => value.toFixed(1),
  minMove: 0.1,
};

/**
 * @param {IChartApi} chart
 * @param {Stroke} stroke
 * @param {number} pane
 * @returns {ISeriesApi<SeriesType>}
 */
function addStroke(chart, stroke, pane) {
  if (stroke === "columns") return chart.addSeries(HistogramSeries, BARE, pane);
  const style = stroke === "thin" ? LineStyle.Dashed : LineStyle.Solid;
  return chart.addSeries(LineSeries, { ...BARE, lineWidth: 1, lineStyle: style }, pane);
}

/** @param {Colour} name */
function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`).trim();
}
