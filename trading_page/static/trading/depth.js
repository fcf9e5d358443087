// The depth chart: what there is to buy and to sell up to each price.

import { useEffect, useRef } from "preact/hooks";
import { grouped, toShortText, toText, toUnits } from "./decimal.js";
import { paint } from "./frame.js";
import { html } from "./html.js";
import { sideLevels } from "./levels.js";
import { live, onChange } from "./live.js";
import { colours, onTheme } from "./theme.js";

const LEVELS = 400;
const EVERY_MS = 100; // it is a picture of the whole, and needs no more
const FOOT_PX = 22;

export function Depth({ market }) {
  const canvas = useRef(null);
  const words = useRef(null);
  useEffect(() => {
    const view = new DepthView(canvas.current, words.current, market);
    return () => view.end();
  }, [market]);
  return html`
    <div class="depth">
      <canvas
        ref=${canvas}
        role="img"
        aria-describedby="depth-words"
        aria-label="Depth of the order book"
      ></canvas>
      <p ref=${words} id="depth-words" class="depth-words"></p>
    </div>
  `;
}

class DepthView {
  constructor(canvas, words, market) {
    Object.assign(this, { canvas, words, market, drawnAt: 0, palette: colours() });
    this.draw = () => this.drawInTime();
    this.resizing = new ResizeObserver(() => paint(this.draw));
    this.resizing.observe(canvas);
    this.stop = [onChange("book", this.draw), onTheme(() => this.dress())];
  }

  end() {
    clearTimeout(this.timer);
    this.resizing.disconnect();
    for (const stop of this.stop) stop();
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
    const common = { count: LEVELS, step: 1n, priceDecimals, quantityDecimals };
    const bids = sideLevels(live.book.bids, { ...common, isAsk: false });
    const asks = sideLevels(live.book.asks, { ...common, isAsk: true });
    const { context, width, height } = this.prepare();
    context.clearRect(0, 0, width, height);
    if (!bids.length || !asks.length) {
      this.words.textContent = "There are not orders on both sides.";
      return;
    }
    const frame = frameOf(bids, asks, width, height - FOOT_PX);
    const { palette } = this;
    drawSide(context, bids, frame, palette.up, palette.upTint);
    drawSide(context, asks, frame, palette.down, palette.downTint);
    drawPrices(context, frame, palette.muted, height, (price) =>
      grouped(toText(price, priceDecimals)),
    );
    this.say(bids, asks);
  }

  say(bids, asks) {
    const {
      base,
      price_decimals: priceDecimals,
      quantity_decimals: quantityDecimals,
    } = this.market;
    const tell = (levels) => {
      const last = levels[levels.length - 1];
      return `${toShortText(last.total, quantityDecimals)} ${base} to ${grouped(toText(last.price, priceDecimals))}`;
    };
    this.words.textContent = `Bids: ${tell(bids)}. Asks: ${tell(asks)}.`;
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
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, width, height };
  }
}

/** Both sides to the same distance from the middle, so that they can be compared. Pixels need no exactness. */
function frameOf(bids, asks, width, height) {
  const middle = (Number(bids[0].price) + Number(asks[0].price)) / 2;
  const reach = Math.min(
    middle - Number(bids[bids.length - 1].price),
    Number(asks[asks.length - 1].price) - middle,
  );
  const distance = Math.max(reach, 1) * 1.02;
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
    x: (price) => ((Number(price) - middle) / distance + 1) * (width / 2),
    y: (total) => height - (Number(total) / most) * height * 0.92,
  };
}

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

function drawPrices(context, frame, colour, height, text) {
  context.fillStyle = colour;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "bottom";
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
