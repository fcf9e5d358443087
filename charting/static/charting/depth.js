// The depth chart: what there is to buy and to sell up to each price.

import { useEffect, useRef } from "preact/hooks";
import { exactUnits, toShortText, toText } from "#page/decimal.js";
import { paint } from "#page/frame.js";
import { html, rendered } from "#page/html.js";
import { pointedPrice, sideLevels } from "#page/levels.js";
import { live, onChange } from "#page/live.js";
import { grouped } from "#page/numbers.js";
import { orders, picked } from "#page/store.js";
import { amountOf, gettext } from "#page/texts.js";
import { colours, onTheme } from "#page/theme.js";

const LEVELS = 400;
const EVERY_MS = 100; // it is a picture of the whole, and needs no more
const FOOT_PX = 22;

/**
 * @import { Market } from "#page/answers.d.ts"
 * @import { ShownLevel } from "#page/levels.js"
 */

/** @param {{ market: Market }} props */
export function Depth({ market }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const words = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const view = new DepthView(rendered(canvas), rendered(words), market);
    return () => view.end();
  }, [market]);
  return html`
    <div class="depth">
      <canvas
        ref=${canvas}
        role="img"
        aria-describedby="depth-words"
        aria-label=${gettext("Depth of the order book")}
      ></canvas>
      <p ref=${words} id="depth-words" class="depth-words"></p>
    </div>
  `;
}

class DepthView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} words
   * @param {Market} market
   */
  constructor(canvas, words, market) {
    this.canvas = canvas;
    this.words = words;
    this.market = market;
    this.drawnAt = 0;
    this.palette = colours();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.draw = () => this.drawInTime();
    this.resizing = new ResizeObserver(() => paint(this.draw));
    this.resizing.observe(canvas);
    /** @type {Frame | null} */
    this.frame = null;
    this.stop = [
      onChange("book", this.draw),
      onTheme(() => this.dress()),
      orders.subscribe(() => paint(this.draw)),
    ];
    canvas.onclick = ({ offsetX }) => this.pick(offsetX);
  }

  end() {
    clearTimeout(this.timer);
    this.resizing.disconnect();
    for (const stop of this.stop) stop();
  }

  /**
   * Takes the price under the pointer into the order form.
   *
   * @param {number} x
   */
  pick(x) {
    const units = this.frame?.priceAt(x);
    const { market } = this;
    const price = units && pointedPrice(units / 10 ** market.price_decimals, market);
    if (price) picked.value = { price };
  }

  dress() {
    this.palette = colours();
    paint(this.draw);
  }

  drawInTime() {
    const wait = this.drawnAt + EVERY_MS - performance.now();
    clearTimeout(this.timer);
    if (wait > 0) {
      this.timer = setTimeout(() => paint(this.draw), wait);
      return;
    }
    this.drawnAt = performance.now();
    this.drawNow();
  }

  drawNow() {
    const { price_decimals: priceDecimals, quantity_decimals: quantityDecimals } = this.market;
    const common = { count: LEVELS, step: 1n, tick: 1n, priceDecimals, quantityDecimals };
    const bids = sideLevels(live.book.bids, { ...common, isAsk: false });
    const asks = sideLevels(live.book.asks, { ...common, isAsk: true });
    const { context, width, height } = this.prepare();
    context.clearRect(0, 0, width, height);
    this.frame = null;
    if (!bids.length || !asks.length) {
      this.words.textContent = gettext("Orders are missing on one side.");
      return;
    }
    const frame = frameOf(bids, asks, width, height - FOOT_PX);
    const { palette } = this;
    this.frame = frame;
    drawSide(context, bids, frame, palette.up, palette.upTint);
    drawSide(context, asks, frame, palette.down, palette.downTint);
    drawOwn(context, this.ownPrices(), frame, palette.accent);
    drawPrices(context, frame, palette.muted, height, (price) =>
      grouped(toText(price, priceDecimals)),
    );
    this.say(bids, asks);
  }

  /** The prices of own orders in the book. */
  ownPrices() {
    const { symbol, price_decimals: decimals } = this.market;
    return orders
      .peek()
      .filter((order) => order.symbol === symbol && order.status !== "pending" && order.price)
      .map(({ price }) => exactUnits(price ?? "0", decimals));
  }

  /**
   * @param {ShownLevel[]} bids
   * @param {ShownLevel[]} asks
   */
  say(bids, asks) {
    const {
      base,
      price_decimals: priceDecimals,
      quantity_decimals: quantityDecimals,
    } = this.market;
    /** @param {ShownLevel[]} levels */
    const tell = (levels) => {
      const last = levels[levels.length - 1];
      const total = grouped(toShortText(last.total, quantityDecimals));
      const price = grouped(toText(last.price, priceDecimals));
      return gettext("{amount} to {price}", { amount: amountOf(total, base), price });
    };
    this.words.textContent = gettext("Bids: {bids}. Asks: {asks}.", {
      bids: tell(bids),
      asks: tell(asks),
    });
  }

  /** As many pixels as the screen has. */
  prepare() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    if (
      this.canvas.width !== Math.round(width * ratio) ||
      this.canvas.height !== Math.round(height * ratio)
    ) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("This browser cannot draw");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, width, height };
  }
}

/**
 * Both sides to the same distance from the middle, so that they can be compared. Pixels need no
 * exactness.
 *
 * @param {ShownLevel[]} bids
 * @param {ShownLevel[]} asks
 * @param {number} width
 * @param {number} height
 */
function frameOf(bids, asks, width, height) {
  const middle = (Number(bids[0].price) + Number(asks[0].price)) / 2;
  const reach = Math.min(
    middle - Number(bids[bids.length - 1].price),
    Number(asks[asks.length - 1].price) - middle,
  );
  const distance = Math.max(reach, 1) * 1.02;
  /** @param {ShownLevel} level */
  const within = (level) => Math.abs(Number(level.price) - middle) <= distance;
  const most = Math.max(
    ...[...bids, ...asks].filter(within).map((level) => Number(level.total)),
    1,
  );
  return {
    middle,
    distance,
    width,
    height,
    within,
    /** @param {bigint} price */
    x: (price) => ((Number(price) - middle) / distance + 1) * (width / 2),
    /** @param {number} x */
    priceAt: (x) => middle + (x / (width / 2) - 1) * distance,
    /** @param {bigint} total */
    y: (total) => height - (Number(total) / most) * height * 0.92,
  };
}

/** @typedef {ReturnType<typeof frameOf>} Frame */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ShownLevel[]} levels
 * @param {Frame} frame
 * @param {string} line
 * @param {string} tint
 */
function drawSide(context, levels, frame, line, tint) {
  const shown = levels.filter(frame.within);
  if (!shown.length) return;
  context.beginPath();
  context.moveTo(frame.x(shown[0].price), frame.height);
  let y = frame.height;
  for (const level of shown) {
    const x = frame.x(level.price);
    context.lineTo(x, y);
    y = frame.y(level.total);
    context.lineTo(x, y);
  }
  const edge = shown[shown.length - 1].price > shown[0].price ? frame.width : 0;
  context.lineTo(edge, y);
  context.strokeStyle = line;
  context.lineWidth = 1.5;
  context.stroke();
  context.lineTo(edge, frame.height);
  context.closePath();
  context.fillStyle = tint;
  context.fill();
}

/**
 * Marks own orders as the order book does, on the axis.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {bigint[]} prices
 * @param {Frame} frame
 * @param {string} colour
 */
function drawOwn(context, prices, frame, colour) {
  context.fillStyle = colour;
  for (const price of prices) {
    context.beginPath();
    context.arc(frame.x(price), frame.height, 3, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {string} colour
 * @param {number} height
 * @param {(price: bigint) => string} text
 */
function drawPrices(context, frame, colour, height, text) {
  context.fillStyle = colour;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "bottom";
  /** @type {[align: CanvasTextAlign, x: number, place: number][]} */
  const marks = [
    ["left", 4, -0.98],
    ["center", frame.width / 2, 0],
    ["right", frame.width - 4, 0.98],
  ];
  for (const [align, x, place] of marks) {
    context.textAlign = align;
    context.fillText(
      text(BigInt(Math.round(frame.middle + place * frame.distance))),
      x,
      height - 4,
    );
  }
}
