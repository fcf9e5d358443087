// The order book as a ladder. Its rows are made once and painted at most once per frame.

import { useEffect, useRef, useState } from "preact/hooks";
import { grouped, toShortText, toText, toUnits } from "./decimal.js";
import { paint, write } from "./frame.js";
import { html } from "./html.js";
import { sideLevels, steps } from "./levels.js";
import { live, onChange } from "./live.js";
import { connection, market, orders, picked, ticker } from "./store.js";

const MIDDLE_PX = 36;
const ROWS_MIN = 3;
const ROWS_MAX = 40;

export function Book() {
  const shown = market.value;
  const [factor, setFactor] = useState(0);
  useEffect(() => setFactor(0), [shown?.symbol]);
  if (!shown) return html`<section class="panel book" aria-label="Order book"></section>`;
  const choices = steps(shown);
  const isStale = connection.value === "reconnecting";
  return html`
    <section class="panel book" aria-label="Order book">
      <header class="panel-head">
        <h2>Order book</h2>
        <label class="quiet">
          <span class="unseen">Price step</span>
          <select value=${factor} onChange=${(event) => setFactor(Number(event.target.value))}>
            ${choices.map((step, index) => html`<option value=${index}>${toShortText(step, shown.price_decimals)}</option>`)}
          </select>
        </label>
      </header>
      <div class="columns" aria-hidden="true">
        <span>Price ${shown.quote}</span><span>Amount ${shown.base}</span><span>Total</span>
      </div>
      <${Ladder}
        key=${shown.symbol}
        market=${shown}
        step=${choices[factor] ?? choices[0]}
        isStale=${isStale}
      />
    </section>
  `;
}

function Ladder({ market: shown, step, isStale }) {
  const root = useRef(null);
  const ladder = useRef(null);
  useEffect(() => {
    ladder.current = new LadderView(root.current, shown);
    return () => ladder.current.end();
  }, [shown]);
  useEffect(() => ladder.current.groupBy(step), [step]);
  const own = orders.value;
  useEffect(() => ladder.current.mark(own), [own, shown]);
  return html`
    <div
      ref=${root}
      class=${`ladder ${isStale ? "stale" : ""}`}
      role="listbox"
      tabindex="0"
      aria-label="Prices: arrow keys choose one, Enter takes it into the order form"
    ></div>
  `;
}

class LadderView {
  constructor(root, shown) {
    this.root = root;
    this.market = shown;
    this.rows = { asks: [], bids: [] };
    this.shown = { asks: [], bids: [] };
    this.own = new Set();
    this.active = null; // {side, index}
    this.draw = () => this.drawNow();
    this.build();
    this.stop = [onChange("book", this.draw), ticker(shown.symbol).subscribe(this.draw)];
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(root);
    root.onclick = (event) => this.take(event.target.closest(".level"));
    root.onkeydown = (event) => this.onKey(event);
    root.onblur = () => this.activate(null);
  }

  end() {
    this.resizing.disconnect();
    for (const stop of this.stop) stop();
    this.root.replaceChildren();
  }

  groupBy(step) {
    this.step = step;
    paint(this.draw);
  }

  mark(own) {
    const here = own.filter(
      (order) => order.symbol === this.market.symbol && order.status !== "pending" && order.price,
    );
    this.own = new Set(here.map((order) => `${order.side} ${order.price}`));
    paint(this.draw);
  }

  build() {
    this.parts = {};
    for (const part of ["asks", "middle", "bids"]) {
      this.parts[part] = this.root.appendChild(document.createElement("div"));
      this.parts[part].className = `ladder-${part}`;
      this.parts[part].role = part === "middle" ? "presentation" : "group";
    }
    this.parts.asks.ariaLabel = "Asks";
    this.parts.bids.ariaLabel = "Bids";
    this.last = this.parts.middle
      .appendChild(document.createElement("b"))
      .appendChild(document.createTextNode(""));
    this.spread = this.parts.middle
      .appendChild(document.createElement("span"))
      .appendChild(document.createTextNode(""));
  }

  /** As many rows as there is room for. */
  fit() {
    const rowPx = parseFloat(getComputedStyle(this.root).getPropertyValue("--row"));
    const room = Math.floor((this.root.clientHeight - MIDDLE_PX) / 2 / rowPx);
    const count = Math.max(ROWS_MIN, Math.min(ROWS_MAX, room));
    if (count === this.rows.bids.length) return;
    for (const side of ["asks", "bids"]) {
      while (this.rows[side].length < count)
        this.rows[side].push(new Row(this.parts[side], side, this.rows[side].length));
      while (this.rows[side].length > count) this.rows[side].pop().element.remove();
    }
    paint(this.draw);
  }

  drawNow() {
    const { price_decimals: priceDecimals, quantity_decimals: quantityDecimals } = this.market;
    const count = this.rows.bids.length;
    const common = { count, step: this.step ?? 1n, priceDecimals, quantityDecimals };
    this.shown = {
      asks: sideLevels(live.book.asks, { ...common, isAsk: true }),
      bids: sideLevels(live.book.bids, { ...common, isAsk: false }),
    };
    const deepest = [this.shown.asks, this.shown.bids].map(
      (levels) => levels[levels.length - 1]?.total ?? 0n,
    );
    const most = deepest[0] > deepest[1] ? deepest[0] : deepest[1];
    const owned = this.ownLevels();
    for (const side of ["asks", "bids"]) {
      this.rows[side].forEach((row, index) =>
        row.show(this.shown[side][index], most, common, owned[side]),
      );
    }
    this.drawMiddle(priceDecimals);
  }

  /** The prices, as they are grouped, at which own orders rest. */
  ownLevels() {
    const levels = { asks: new Set(), bids: new Set() };
    for (const own of this.own) {
      const [side, text] = own.split(" ");
      const price = toUnits(text, this.market.price_decimals);
      const rest = price % (this.step ?? 1n);
      if (side === "buy") levels.bids.add(price - rest);
      else levels.asks.add(rest ? price - rest + this.step : price);
    }
    return levels;
  }

  drawMiddle(decimals) {
    const { bids, asks } = live.book;
    const known = ticker(this.market.symbol).peek();
    write(this.last, known?.last ? grouped(known.last) : "–");
    if (!bids.length || !asks.length) return write(this.spread, "no spread");
    const spread = toUnits(asks[0][0], decimals) - toUnits(bids[0][0], decimals);
    return write(this.spread, `spread ${toText(spread, decimals)}`);
  }

  take(element) {
    if (!element) return;
    const level = this.shown[element.dataset.side][Number(element.dataset.index)];
    if (level) picked.value = { price: toText(level.price, this.market.price_decimals) };
  }

  onKey(event) {
    const moves = { ArrowUp: -1, ArrowDown: 1 };
    if (event.key in moves) {
      event.preventDefault();
      this.move(moves[event.key]);
    } else if ((event.key === "Enter" || event.key === " ") && this.active) {
      event.preventDefault();
      this.take(this.rows[this.active.side][this.active.index].element);
    }
  }

  /** From the highest ask, shown at the top, to the lowest bid. */
  move(by) {
    const places = [
      ...this.shown.asks.map((_, index) => ({ side: "asks", index })).reverse(),
      ...this.shown.bids.map((_, index) => ({ side: "bids", index })),
    ];
    if (!places.length) return;
    const now =
      this.active &&
      places.findIndex(
        (place) => place.side === this.active.side && place.index === this.active.index,
      );
    const next = now === null || now < 0 ? this.shown.asks.length - (by < 0 ? 1 : 0) : now + by;
    this.activate(places[Math.max(0, Math.min(places.length - 1, next))]);
  }

  activate(place) {
    if (this.active) this.rows[this.active.side][this.active.index]?.select(false);
    this.active = place;
    const row = place && this.rows[place.side][place.index];
    row?.select(true);
    if (row) this.root.setAttribute("aria-activedescendant", row.element.id);
    else this.root.removeAttribute("aria-activedescendant");
  }
}

class Row {
  constructor(parent, side, index) {
    this.element = document.createElement("div");
    this.element.className = "level";
    this.element.id = `level-${side}-${index}`;
    this.element.role = "option";
    this.element.ariaSelected = "false";
    this.element.dataset.side = side;
    this.element.dataset.index = index;
    this.bar = this.element.appendChild(document.createElement("i"));
    this.cells = ["price", "amount", "total"].map((name) => {
      const cell = this.element.appendChild(document.createElement("span"));
      cell.className = name;
      return cell.appendChild(document.createTextNode(""));
    });
    if (side === "asks") parent.prepend(this.element);
    else parent.append(this.element);
  }

  show(level, most, { priceDecimals, quantityDecimals }, owned) {
    const [price, amount, total] = this.cells;
    write(price, level ? grouped(toText(level.price, priceDecimals)) : "");
    write(amount, level ? toText(level.volume, quantityDecimals) : "");
    write(total, level ? toText(level.total, quantityDecimals) : "");
    const width = level && most ? Number((level.total * 1000n) / most) / 1000 : 0;
    if (width !== this.width) this.bar.style.transform = `scaleX(${width})`;
    this.width = width;
    const isOwn = Boolean(level && owned.has(level.price));
    if (isOwn !== this.isOwn) this.element.classList.toggle("own", isOwn);
    this.isOwn = isOwn;
  }

  select(isSelected) {
    this.element.ariaSelected = String(isSelected);
    if (isSelected) this.element.scrollIntoView({ block: "nearest" });
  }
}
