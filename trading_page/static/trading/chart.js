// Candles with volume, or the depth of the book. The chart's numbers are floats: they are for the
// eye only.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineStyle,
} from "lightweight-charts";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, query, slug } from "./api.js";
import { Depth } from "./depth.js";
import { paint, unpaint, write } from "./frame.js";
import { html, rendered } from "./html.js";
import { pointedPrice } from "./levels.js";
import { onCandle } from "./live.js";
import { compact, grouped, neat } from "./numbers.js";
import { market, picked, timeframe } from "./store.js";
import { Tabs } from "./tabs.js";
import { amountOf, gettext } from "./texts.js";
import { colours, onTheme } from "./theme.js";
import { markOf, timeFormat } from "./times.js";

/**
 * @import { Time, UTCTimestamp } from "lightweight-charts"
 * @import { Timeframe } from "../streams/stream.js"
 * @import { Candle, Market } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @import { CandleMessage } from "./live.js"
 */

/** @type {Timeframe[]} */
export const TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d", "1w"];
const PAGE = 500;
const RETRY_MS = 2_000;
const EARLIER_FROM = 20; // so many bars before the first one that is there, earlier ones are read
const BAR_PX = 9;
const FEW = 8; // so few candles need a word why

export function Chart() {
  const [tab, setTab] = useState("candles");
  const shown = market.value;
  return html`
    <section class="panel chart" aria-label=${gettext("Chart")}>
      <header class="panel-head">
        <${Tabs}
          name="chart"
          label=${gettext("Kind of chart")}
          tabs=${{ candles: gettext("Candles"), depth: gettext("Depth") }}
          chosen=${tab}
          choose=${setTab}
        />
        ${tab === "candles" && html`<${Timeframes} />`}
      </header>
      <div id="chart-panel" class="chart-body" role="tabpanel" aria-labelledby=${`chart-${tab}`}>
        ${
          shown &&
          tab === "candles" &&
          html`
            <${Candles}
              key=${`${shown.symbol} ${timeframe.value}`}
              market=${shown}
              timeframe=${timeframe.value}
            />
          `
        }
        ${shown && tab === "depth" && html`<${Depth} market=${shown} />`}
      </div>
    </section>
  `;
}

function Timeframes() {
  return html`
    <div class="timeframes" role="group" aria-label=${gettext("Timeframe")}>
      ${TIMEFRAMES.map(
        (name) => html`
          <button
            type="button"
            aria-pressed=${name === timeframe.value}
            onClick=${() => (timeframe.value = name)}
          >
            ${name}
          </button>
        `,
      )}
    </div>
  `;
}

/** @param {{ market: Market, timeframe: Timeframe }} props */
function Candles({ market: shown, timeframe: name }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const words = useRef(/** @type {HTMLElement | null} */ (null));
  const hint = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const view = new CandleView(rendered(root), rendered(words), rendered(hint), shown, name);
    return () => view.end();
  }, []);
  return html`
    <p ref=${words} class="candle-words" aria-live="off"></p>
    <p ref=${hint} class="candle-hint"></p>
    <div
      ref=${root}
      class="candles"
      role="img"
      aria-label=${gettext("Candles of {market}, {timeframe}", { market: shown.symbol, timeframe: name })}
    ></div>
  `;
}

class CandleView {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} words
   * @param {HTMLElement} hint
   * @param {Market} shown
   * @param {Timeframe} name
   */
  constructor(root, words, hint, shown, name) {
    this.root = root;
    this.market = shown;
    this.timeframe = name;
    /** @type {Map<string, Candle>} By time. */
    this.bars = new Map();
    /** @type {string | undefined} The time of the newest bar. */
    this.newest = undefined;
    this.isReading = false;
    this.isWhole = false;
    this.isOver = false;
    this.reading = Symbol("the newest read");
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    this.palette = colours();
    this.legend = new Legend(words, shown);
    this.hintText = hint.appendChild(document.createTextNode(""));
    /** @type {Map<string, Candle>} By time, for the next frame. */
    this.waiting = new Map();
    this.draw = () => this.drawWaiting();
    this.chart = createChart(root, {
      autoSize: true,
      ...LOOK,
      localization: { timeFormatter: longTime },
      ...looks(),
    });
    /** @param {number} price */
    const formatter = (price) => grouped(price.toFixed(shown.price_decimals));
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceFormat: { type: "custom", formatter, minMove: Number(shown.tick_size) },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.mark = this.candles.createPriceLine({
      price: 0,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      lineVisible: false,
      axisLabelVisible: false,
    });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    // Above the volume.
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.22 } });
    this.dress();
    this.chart.subscribeCrosshairMove((at) => this.say(at.time));
    this.chart.subscribeClick(({ point }) => point && this.pick(point.y));
    this.chart
      .timeScale()
      .subscribeVisibleLogicalRangeChange(
        (range) => range && range.from < EARLIER_FROM && this.readEarlier(),
      );
    this.stop = [onTheme(() => this.dress()), onCandle((candle) => this.take(candle))];
    this.read();
  }

  /**
   * Takes the price under the pointer into the order form.
   *
   * @param {number} y
   */
  pick(y) {
    const at = this.candles.coordinateToPrice(y);
    const price = at !== null && pointedPrice(at, this.market);
    if (price) picked.value = { price };
  }

  end() {
    this.isOver = true;
    clearTimeout(this.retry);
    unpaint(this.draw);
    for (const stop of this.stop) stop();
    this.chart.remove();
  }

  dress() {
    const palette = colours();
    this.palette = palette;
    this.chart.applyOptions(looks());
    this.candles.applyOptions({
      upColor: palette.up,
      borderUpColor: palette.up,
      wickUpColor: palette.up,
      downColor: palette.down,
      borderDownColor: palette.down,
      wickDownColor: palette.down,
    });
    if (this.bars.size) this.showAll();
  }

  /** Reads the newest candles: at the beginning, and whenever some may have been missed. */
  async read() {
    clearTimeout(this.retry);
    const wanted = (this.reading = Symbol("the newest read"));
    try {
      const candles = await this.page({});
      if (this.isOver || wanted !== this.reading) return;
      const isFirst = !this.bars.size;
      for (const candle of candles) this.learn(candle);
      this.showAll();
      if (isFirst) this.zoom();
      this.say();
    } catch {
      if (!this.isOver && wanted === this.reading) {
        this.retry = setTimeout(() => this.read(), RETRY_MS);
      }
    }
  }

  /**
   * Takes a candle that was read, unless the stream has told a newer state of it meanwhile: volumes
   * only grow.
   *
   * @param {Candle} candle
   */
  learn(candle) {
    const known = this.bars.get(candle.time);
    if (!known || Number(known.volume) <= Number(candle.volume)) this.bars.set(candle.time, candle);
  }

  /** As many candles as can be told apart. */
  zoom() {
    const count = Math.max(20, Math.floor(this.root.clientWidth / BAR_PX));
    this.chart
      .timeScale()
      .setVisibleLogicalRange({ from: this.bars.size - count, to: this.bars.size + 4 });
  }

  async readEarlier() {
    if (this.isReading || this.isWhole || !this.bars.size) return;
    this.isReading = true;
    try {
      const candles = await this.page({ to: [...this.bars.keys()].sort()[0] });
      if (this.isOver) return;
      this.isWhole = !candles.length;
      for (const candle of candles) this.bars.set(candle.time, candle);
      if (candles.length) this.showAll();
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

  showAll() {
    const ordered = [...this.bars.values()].sort((one, other) => (one.time < other.time ? -1 : 1));
    this.newest = ordered[ordered.length - 1]?.time;
    this.candles.setData(ordered.map(bar));
    this.volume.setData(ordered.map((candle) => this.column(candle)));
    this.markLast();
    this.sayWhyFew();
  }

  /** A market that opened a moment ago has one candle: that is how it should be. */
  sayWhyFew() {
    const traded = [...this.bars.values()].filter((candle) => Number(candle.volume) > 0).length;
    const text = traded ? BEGUN[this.timeframe] : gettext("Nobody has traded here yet");
    write(this.hintText, this.bars.size < FEW ? text : "");
  }

  /** @param {CandleMessage | null} candle */
  take(candle) {
    if (candle === null) this.read();
    else if (candle.timeframe === this.timeframe && this.bars.size) this.update(candle);
    else if (candle.timeframe === this.timeframe) this.read();
  }

  /**
   * A busy minute changes its candle with each trade; once per frame is enough.
   *
   * @param {Candle} candle
   */
  update(candle) {
    this.waiting.set(candle.time, candle);
    paint(this.draw);
  }

  drawWaiting() {
    const candles = [...this.waiting.values()].sort((one, other) =>
      one.time < other.time ? -1 : 1,
    );
    this.waiting.clear();
    const isLate = this.newest !== undefined && candles[0]?.time < this.newest;
    for (const candle of candles) this.bars.set(candle.time, candle);
    if (isLate) this.showAll();
    else for (const candle of candles) this.append(candle);
    this.say();
  }

  /** @param {Candle} candle */
  append(candle) {
    if (candle.time !== this.newest) {
      this.newest = candle.time;
      this.sayWhyFew();
    }
    this.candles.update(bar(candle));
    this.volume.update(this.column(candle));
    this.markLast();
  }

  /**
   * The last price on the scale; a label of the library's own would not have enough contrast in
   * every colour.
   */
  markLast() {
    const last = this.bars.get(this.newest ?? "");
    if (!last) return;
    const color = Number(last.close) >= Number(last.open) ? this.palette.up : this.palette.down;
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
    const colour =
      Number(candle.close) >= Number(candle.open) ? this.palette.upTint : this.palette.downTint;
    return { time: seconds(candle.time), value: Number(candle.volume), color: colour };
  }

  /**
   * The candle under the pointer in words, else the newest one.
   *
   * @param {Time} [at]
   */
  say(at) {
    const time = at ? new Date(Number(at) * 1000).toISOString() : this.newest;
    const candle = this.bars.get(time ?? "");
    if (candle) this.legend.show(candle);
  }
}

/** The numbers of one candle. */
class Legend {
  /**
   * @param {HTMLElement} root
   * @param {Market} market
   */
  constructor(root, { base }) {
    this.root = root;
    this.base = base;
    this.numbers = [gettext("O"), gettext("H"), gettext("L"), gettext("C"), gettext("Vol")].map(
      (name) => {
        const part = root.appendChild(document.createElement("span"));
        part.append(`${name} `);
        return part
          .appendChild(document.createElement("b"))
          .appendChild(document.createTextNode(""));
      },
    );
  }

  /** @param {Candle} candle */
  show({ open, high, low, close, volume }) {
    const texts = [
      ...[open, high, low, close].map(grouped),
      amountOf(Number(volume) < 1_000 ? neat(volume) : compact(volume), this.base),
    ];
    this.numbers.forEach((node, index) => write(node, texts[index]));
    const name = `candle-words ${Number(close) >= Number(open) ? "up" : "down"}`;
    if (name !== this.root.className) this.root.className = name;
  }
}

/** @type {Record<Timeframe, string>} */
const BEGUN = {
  "1m": gettext("Trading has just begun: a new candle every minute"),
  "5m": gettext("Trading has just begun: a new candle every 5 minutes"),
  "15m": gettext("Trading has just begun: a new candle every 15 minutes"),
  "1h": gettext("Trading has just begun: a new candle every hour"),
  "4h": gettext("Trading has just begun: a new candle every 4 hours"),
  "1d": gettext("Trading has just begun: a new candle every day"),
  "1w": gettext("Trading has just begun: a new candle every week"),
};

const LOOK = {
  crosshair: { mode: CrosshairMode.Normal },
  timeScale: {
    timeVisible: true,
    secondsVisible: false,
    rightOffset: 4,
    tickMarkFormatter: shortTime,
  },
};

function looks() {
  const palette = colours();
  return {
    // Its own logo brings a style sheet that the policy of this page forbids; the page's footer
    // names its makers.
    layout: {
      background: { type: ColorType.Solid, color: palette.panel },
      textColor: palette.muted,
      attributionLogo: false,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
    },
    grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
    rightPriceScale: { borderColor: palette.line },
    crosshair: {
      ...LOOK.crosshair,
      vertLine: { color: palette.muted, labelBackgroundColor: palette.muted },
      horzLine: { color: palette.muted, labelBackgroundColor: palette.muted },
    },
    timeScale: { ...LOOK.timeScale, borderColor: palette.line },
  };
}

/** @param {Candle} candle */
function bar({ time, open, high, low, close }) {
  return {
    time: seconds(time),
    open: Number(open),
    high: Number(high),
    low: Number(low),
    close: Number(close),
  };
}

/** @param {string} time */
function seconds(time) {
  return /** @type {UTCTimestamp} */ (Date.parse(time) / 1000);
}

/** @type {Timeframe[]} */
const DAYS = ["1d", "1w"];
const LONG = timeFormat({ dateStyle: "medium", timeStyle: "short" });

/** @param {Time} time */
function longTime(time) {
  return LONG.format(new Date(Number(time) * 1000));
}

/** @param {Time} time */
function shortTime(time) {
  return markOf(Number(time) * 1000, DAYS.includes(timeframe.peek()));
}
