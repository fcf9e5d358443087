// Candles with volume, or the depth of the book. The chart's numbers are floats: they are for the eye only.

import { CandlestickSeries, ColorType, createChart, CrosshairMode, HistogramSeries } from "lightweight-charts";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, query, slug } from "./api.js";
import { Depth } from "./depth.js";
import { html } from "./html.js";
import { onCandle } from "./live.js";
import { market, timeframe } from "./store.js";
import { Tabs } from "./tabs.js";
import { colours, onTheme } from "./theme.js";

export const TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d", "1w"];
const PAGE = 500;
const RETRY_MS = 2_000;
const EARLIER_FROM = 20; // so many bars before the first one that is there, earlier ones are read

export function Chart() {
  const [tab, setTab] = useState("candles");
  const shown = market.value;
  return html`
    <section class="panel chart" aria-label="Chart">
      <header class="panel-head">
        <${Tabs} name="chart" label="Kind of chart" tabs=${{ candles: "Candles", depth: "Depth" }} chosen=${tab} choose=${setTab} />
        ${tab === "candles" && html`<${Timeframes} />`}
      </header>
      <div id="chart-panel" class="chart-body" role="tabpanel" aria-labelledby=${`chart-${tab}`}>
        ${shown && tab === "candles" && html`<${Candles} key=${`${shown.symbol} ${timeframe.value}`} market=${shown} timeframe=${timeframe.value} />`}
        ${shown && tab === "depth" && html`<${Depth} market=${shown} />`}
      </div>
    </section>
  `;
}

function Timeframes() {
  return html`
    <div class="timeframes" role="group" aria-label="Timeframe">
      ${TIMEFRAMES.map((name) => html`
        <button type="button" aria-pressed=${name === timeframe.value} onClick=${() => (timeframe.value = name)}>${name}</button>
      `)}
    </div>
  `;
}

function Candles({ market: shown, timeframe: name }) {
  const root = useRef(null);
  const words = useRef(null);
  useEffect(() => {
    const view = new CandleView(root.current, words.current, shown, name);
    return () => view.end();
  }, []);
  return html`
    <p ref=${words} class="candle-words" aria-live="off"></p>
    <div ref=${root} class="candles" role="img" aria-label=${`Candles of ${shown.symbol}, ${name}`}></div>
  `;
}

class CandleView {
  constructor(root, words, shown, name) {
    Object.assign(this, { words, market: shown, timeframe: name, bars: new Map(), isReading: false, isWhole: false });
    this.chart = createChart(root, { autoSize: true, ...LOOK, localization: { timeFormatter: longTime }, ...looks() });
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceFormat: { type: "price", precision: shown.price_decimals, minMove: Number(shown.tick_size) },
    });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.dress();
    this.chart.subscribeCrosshairMove((at) => this.say(at.time));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range && range.from < EARLIER_FROM && this.readEarlier());
    this.stop = [onTheme(() => this.dress()), onCandle((candle) => this.take(candle))];
    this.read();
  }

  end() {
    this.isOver = true;
    clearTimeout(this.retry);
    for (const stop of this.stop) stop();
    this.chart.remove();
  }

  dress() {
    const palette = colours();
    this.palette = palette;
    this.chart.applyOptions(looks());
    this.candles.applyOptions({
      upColor: palette.up, borderUpColor: palette.up, wickUpColor: palette.up,
      downColor: palette.down, borderDownColor: palette.down, wickDownColor: palette.down,
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
      for (const candle of candles) this.bars.set(candle.time, candle);
      this.showAll();
      if (isFirst) this.chart.timeScale().setVisibleLogicalRange({ from: this.bars.size - 120, to: this.bars.size + 4 });
      this.say();
    } catch {
      if (!this.isOver && wanted === this.reading) this.retry = setTimeout(() => this.read(), RETRY_MS);
    }
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

  async page(bounds) {
    const fields = { timeframe: this.timeframe, limit: PAGE, fill: "true", ...bounds };
    return (await call("GET", `/markets/${slug(this.market.symbol)}/candles${query(fields)}`)).data;
  }

  showAll() {
    const ordered = [...this.bars.values()].sort((one, other) => (one.time < other.time ? -1 : 1));
    this.newest = ordered[ordered.length - 1]?.time;
    this.candles.setData(ordered.map(bar));
    this.volume.setData(ordered.map((candle) => this.column(candle)));
  }

  take(candle) {
    if (candle === null) this.read();
    else if (candle.timeframe === this.timeframe && this.bars.size) this.update(candle);
    else if (candle.timeframe === this.timeframe) this.read();
  }

  update(candle) {
    this.bars.set(candle.time, candle);
    if (candle.time < this.newest) {
      this.showAll();
      return;
    }
    this.newest = candle.time;
    this.candles.update(bar(candle));
    this.volume.update(this.column(candle));
    this.say();
  }

  column(candle) {
    const colour = Number(candle.close) >= Number(candle.open) ? this.palette.upTint : this.palette.downTint;
    return { time: seconds(candle.time), value: Number(candle.volume), color: colour };
  }

  /** The candle under the pointer in words, else the newest one. */
  say(at) {
    const candle = at ? this.bars.get(new Date(at * 1000).toISOString()) : this.bars.get(this.newest);
    if (!candle) return;
    const { open, high, low, close, volume } = candle;
    this.words.textContent = `O ${open}  H ${high}  L ${low}  C ${close}  V ${volume}`;
    this.words.className = `candle-words ${Number(close) >= Number(open) ? "up" : "down"}`;
  }
}

const LOOK = {
  crosshair: { mode: CrosshairMode.Normal },
  timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, tickMarkFormatter: shortTime },
};

function looks() {
  const palette = colours();
  return {
    // Its own logo brings a style sheet that the policy of this page forbids; the page's footer names its makers.
    layout: {
      background: { type: ColorType.Solid, color: palette.panel }, textColor: palette.muted, attributionLogo: false,
      fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11,
    },
    grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
    rightPriceScale: { borderColor: palette.line },
    timeScale: { ...LOOK.timeScale, borderColor: palette.line },
  };
}

function bar({ time, open, high, low, close }) {
  return { time: seconds(time), open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
}

function seconds(time) {
  return Date.parse(time) / 1000;
}

const LONG = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

function longTime(time) {
  return LONG.format(new Date(time * 1000));
}

function shortTime(time, kind) {
  return (kind < 3 ? DAY : CLOCK).format(new Date(time * 1000)); // 0 to 2 are year, month, day
}
