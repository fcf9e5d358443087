// The chart itself: candles, volume and the last price. What else is on it are parts, which are
// loaded when there is something for them to show.

import { effect } from "@preact/signals";
import { CandlestickSeries, createChart, HistogramSeries, LineStyle } from "lightweight-charts";
import { write } from "#page/frame.js";
import { pointedPrice } from "#page/levels.js";
import { picked } from "#page/store.js";
import { colours, onTheme } from "#page/theme.js";
import { seconds } from "./bars.js";
import { CandleFeed } from "./feed.js";
import { Gestures } from "./gestures.js";
import { hintOf } from "./hints.js";
import { Legend } from "./legend.js";
import { bar, candleColours, chartLooks, isRise, priceFormat } from "./looks.js";
import { Message } from "./message.js";
import { Parts } from "./parts.js";
import { volumeIsShown } from "./studies.js";

/**
 * @import { Time } from "lightweight-charts"
 * @import { Timeframe } from "#streams/stream.js"
 * @import { Candle, Market } from "#page/answers.d.ts"
 */

/** @typedef {"root" | "words" | "hint" | "layer"} Place The elements of a chart. */

const EARLIER_FROM = 20; // so many bars before the first one that is there, earlier ones are read
const BAR_PX = 9;

export class CandleView {
  /**
   * @param {Record<Place, HTMLElement>} places
   * @param {Market} market
   * @param {Timeframe} timeframe
   */
  constructor(places, market, timeframe) {
    this.root = places.root;
    this.layer = places.layer;
    this.market = market;
    this.timeframe = timeframe;
    this.format = priceFormat(market);
    this.palette = colours();
    this.legend = new Legend(places.words, market);
    this.hintText = places.hint.appendChild(document.createTextNode(""));
    this.parts = new Parts(this);
    /** @type {Time | undefined} Of the candle under the pointer. */
    this.pointed = undefined;
    this.chart = createChart(this.root, chartLooks());
    this.candles = this.addCandles();
    this.volume = this.addVolume();
    this.mark = this.candles.createPriceLine({
      price: 0,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      lineVisible: false,
      axisLabelVisible: false,
    });
    this.gestures = new Gestures(this.root);
    this.message = new Message(this.layer);
    this.dress();
    this.listen();
    this.feed = new CandleFeed(market, timeframe, {
      onAll: (isFirst) => this.showAll(isFirst),
      onNewest: (candles) => this.append(candles),
    });
    this.stop = [onTheme(() => this.dress()), effect(() => this.showVolume(volumeIsShown.value))];
    this.parts.begin();
  }

  get bars() {
    return this.feed.bars;
  }

  addCandles() {
    return this.chart.addSeries(CandlestickSeries, {
      priceFormat: this.format,
      lastValueVisible: false,
      priceLineVisible: false,
    });
  }

  addVolume() {
    const volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    return volume;
  }

  listen() {
    this.chart.subscribeCrosshairMove(({ time }) => {
      this.pointed = time;
      this.say();
    });
    this.chart.subscribeClick(({ point, paneIndex }) => {
      if (point && !paneIndex) this.pick(point.y);
    });
    this.chart
      .timeScale()
      .subscribeVisibleLogicalRangeChange(
        (range) => range && range.from < EARLIER_FROM && this.feed.readEarlier(),
      );
  }

  /**
   * Takes the price under the pointer into the order form.
   *
   * @param {number} y
   */
  pick(y) {
    const price = this.priceAt(y);
    if (price) picked.value = { price };
  }

  /**
   * The price of the market that is nearest to a place; null where there is none.
   *
   * @param {number} y
   */
  priceAt(y) {
    const at = this.candles.coordinateToPrice(y);
    return at === null ? null : pointedPrice(at, this.market);
  }

  end() {
    for (const stop of this.stop) stop();
    this.parts.end();
    this.feed.end();
    this.gestures.end();
    this.message.end();
    this.chart.remove();
  }

  dress() {
    this.palette = colours();
    this.chart.applyOptions(chartLooks());
    this.candles.applyOptions(candleColours());
    this.parts.dress();
    if (this.feed?.bars.size) this.showAll(false);
  }

  /** @param {boolean} isShown */
  showVolume(isShown) {
    this.volume.applyOptions({ visible: isShown });
    // Above the volume.
    const bottom = isShown ? 0.22 : 0.08;
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom } });
  }

  /** @param {boolean} isFirst */
  showAll(isFirst) {
    const { ordered } = this.bars;
    this.candles.setData(ordered.map(bar));
    this.volume.setData(ordered.map((candle) => this.column(candle)));
    this.parts.reload();
    this.markLast();
    write(this.hintText, hintOf(this.bars, this.timeframe));
    if (isFirst) this.zoom();
    this.say();
  }

  /** As many candles as can be told apart. */
  zoom() {
    const count = Math.max(20, Math.floor(this.root.clientWidth / BAR_PX));
    this.chart
      .timeScale()
      .setVisibleLogicalRange({ from: this.bars.size - count, to: this.bars.size + 4 });
  }

  /** @param {Candle[]} candles The newest ones, which have changed or come. */
  append(candles) {
    for (const candle of candles) {
      this.candles.update(bar(candle));
      this.volume.update(this.column(candle));
    }
    this.parts.update(candles);
    this.markLast();
    write(this.hintText, hintOf(this.bars, this.timeframe));
    this.say();
  }

  /**
   * The last price on the scale; a label of the library's own would not have enough contrast in
   * every colour.
   */
  markLast() {
    const last = this.bars.newest;
    if (!last) return;
    const color = isRise(last) ? this.palette.up : this.palette.down;
    const shown = {
      lineVisible: true,
      axisLabelVisible: true,
      axisLabelColor: color,
      axisLabelTextColor: this.palette.panel,
    };
    this.mark.applyOptions({ price: Number(last.close), color, ...shown });
  }

  /** @param {Candle} candle */
  column(candle) {
    const color = isRise(candle) ? this.palette.upTint : this.palette.downTint;
    return { time: seconds(candle.time), value: Number(candle.volume), color };
  }

  /** The candle under the pointer in words, else the newest one. */
  say() {
    const { bars, pointed } = this;
    const time = pointed && new Date(Number(pointed) * 1000).toISOString();
    const candle = time ? bars.at(time) : bars.newest;
    if (candle) this.legend.show(candle, this.parts.readings(candle));
  }
}
