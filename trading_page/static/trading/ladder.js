// The order book as a ladder. Its rows are made once and painted at most once per frame.

import { useEffect, useRef, useState } from "preact/hooks";
import { exactUnits, toShortText, toText } from "./decimal.js";
import { digitPx, paint, write } from "./frame.js";
import { html, onValue, rendered } from "./html.js";
import { columns, groupPrice, sideLevels, steps } from "./levels.js";
import { live, onChange } from "./live.js";
import { fitted, grouped } from "./numbers.js";
import { connection, market, orders, picked, ticker } from "./store.js";
import { amountOf, gettext } from "./texts.js";

/**
 * @import { Market, Order } from "./answers.d.ts"
 * @import { Scale, ShownLevel } from "./levels.js"
 */

/** @typedef {"asks" | "bids"} BookSide */
/** @typedef {{ side: BookSide, index: number }} Place Of a row. */

/** @type {BookSide[]} */
const SIDES = ["asks", "bids"];
const MIDDLE_PX = 36;
const ROWS_MIN = 3;
const ROWS_MAX = 40;

export function Book() {
  const shown = market.value;
  const [factor, setFactor] = useState(0);
  useEffect(() => setFactor(0), [shown?.symbol]);
  if (!shown) {
    return html`<section class="panel book" aria-label=${gettext("Order book")}></section>`;
  }
  const choices = steps(shown);
  const names = choices.map((step) => grouped(toShortText(step, shown.price_decimals)));
  const isStale = connection.value === "reconnecting";
  return html`
    <section class="panel book" aria-label=${gettext("Order book")}>
      <header class="panel-head">
        <h2>${gettext("Order book")}</h2>
        <label class="quiet">
          <span class="unseen">${gettext("Price step")}</span>
          <select value=${factor} onChange=${onValue((value) => setFactor(Number(value)))}>
            ${names.map((name, index) => html`<option value=${index}>${name}</option>`)}
          </select>
        </label>
      </header>
      <div class="columns" aria-hidden="true">
        <span>${gettext("Price {asset}", { asset: shown.quote })}</span
        ><span>${gettext("Amount {asset}", { asset: shown.base })}</span
        ><span>${gettext("Total")}</span>
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

/** @param {{ market: Market, step: bigint, isStale: boolean }} props */
function Ladder({ market: shown, step, isStale }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const ladder = useRef(/** @type {LadderView | null} */ (null));
  useEffect(() => {
    const view = new LadderView(rendered(root), shown);
    ladder.current = view;
    return () => view.end();
  }, [shown]);
  useEffect(() => rendered(ladder).groupBy(step), [step]);
  const own = orders.value;
  useEffect(() => rendered(ladder).mark(own), [own, shown]);
  return html`
    <div
      ref=${root}
      class=${`ladder ${isStale ? "stale" : ""}`}
      role="listbox"
      tabindex="0"
      aria-label=${gettext("Prices: arrow keys choose one, Enter takes it into the order form")}
    ></div>
  `;
}

class LadderView {
  /**
   * @param {HTMLElement} root
   * @param {Market} shown
   */
  constructor(root, shown) {
    this.root = root;
    this.market = shown;
    this.step = 1n;
    /** @type {Record<BookSide, Row[]>} */
    this.rows = { asks: [], bids: [] };
    /** @type {Record<BookSide, ShownLevel[]>} */
    this.shown = { asks: [], bids: [] };
    /** @type {Set<string>} Sides and prices of own orders. */
    this.own = new Set();
    /** @type {Place | null} */
    this.active = null;
    this.digitPx = 8;
    this.digits = 0; // of a row
    this.priceDigits = 0;
    this.draw = () => this.drawNow();
    this.parts = { asks: this.part("asks"), middle: this.part("middle"), bids: this.part("bids") };
    this.parts.asks.ariaLabel = gettext("Asks");
    this.parts.bids.ariaLabel = gettext("Bids");
    this.last = this.text("b");
    this.spread = this.text("span");
    this.stop = [onChange("book", this.draw), ticker(shown.symbol).subscribe(this.draw)];
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(root);
    root.onclick = ({ target }) => this.take(/** @type {HTMLElement} */ (target).closest(".level"));
    root.onkeydown = (event) => this.onKey(event);
    root.onblur = () => this.activate(null);
    root.onmouseover = ({ target }) => this.spell(/** @type {HTMLElement} */ (target));
  }

  end() {
    this.resizing.disconnect();
    for (const stop of this.stop) stop();
    this.root.replaceChildren();
  }

  /** @param {bigint} step */
  groupBy(step) {
    this.step = step;
    paint(this.draw);
  }

  /** @param {Order[]} own */
  mark(own) {
    const here = own.filter(
      (order) => order.symbol === this.market.symbol && order.status !== "pending" && order.price,
    );
    this.own = new Set(here.map((order) => `${order.side} ${order.price}`));
    paint(this.draw);
  }

  /** @param {BookSide | "middle"} name */
  part(name) {
    const part = this.root.appendChild(document.createElement("div"));
    part.className = `ladder-${name}`;
    part.role = name === "middle" ? "presentation" : "group";
    return part;
  }

  /** @param {"b" | "span"} tag */
  text(tag) {
    return this.parts.middle
      .appendChild(document.createElement(tag))
      .appendChild(document.createTextNode(""));
  }

  /** As many rows as there is room for, and as many digits. */
  fit() {
    this.digitPx = digitPx(this.root);
    this.digits = Math.floor(this.root.clientWidth / this.digitPx);
    paint(this.draw);
    const rowPx = parseFloat(getComputedStyle(this.root).getPropertyValue("--row"));
    const room = Math.floor((this.root.clientHeight - MIDDLE_PX) / 2 / rowPx);
    const count = Math.max(ROWS_MIN, Math.min(ROWS_MAX, room));
    if (count === this.rows.bids.length) return;
    for (const side of SIDES) {
      const rows = this.rows[side];
      while (rows.length < count) rows.push(new Row(this.parts[side], side, rows.length));
      for (const row of rows.splice(count)) row.element.remove();
    }
  }

  drawNow() {
    const { price_decimals: priceDecimals, quantity_decimals: quantityDecimals } = this.market;
    const count = this.rows.bids.length;
    const common = { count, ...this.grouping(), priceDecimals, quantityDecimals };
    this.shown = {
      asks: sideLevels(live.book.asks, { ...common, isAsk: true }),
      bids: sideLevels(live.book.bids, { ...common, isAsk: false }),
    };
    const deepest = [this.shown.asks, this.shown.bids].map(
      (levels) => levels[levels.length - 1]?.total ?? 0n,
    );
    const most = deepest[0] > deepest[1] ? deepest[0] : deepest[1];
    const owned = this.ownLevels();
    const scale = { ...common, room: this.share(priceDecimals) };
    for (const side of SIDES) {
      this.rows[side].forEach((row, index) =>
        row.show(this.shown[side][index], most, scale, owned[side]),
      );
    }
    this.drawMiddle(priceDecimals);
  }

  /**
   * Shares the width out among the columns; returns how many characters an amount may have.
   *
   * @param {number} decimals
   */
  share(decimals) {
    const prices = [this.shown.asks.at(-1), this.shown.bids[0]].map((level) =>
      level ? grouped(toText(level.price, decimals)) : "",
    );
    const { price, amount } = columns(this.digits, prices);
    if (price !== this.priceDigits) {
      const width = `${Math.ceil(price * this.digitPx)}px`;
      this.root.parentElement?.style.setProperty("--price", width);
    }
    this.priceDigits = price;
    return amount;
  }

  /**
   * What was cut to fit is in the tooltip.
   *
   * @param {HTMLElement} target
   */
  spell(target) {
    /** @type {HTMLElement | null} */
    const row = target.closest(".level");
    const level = row && this.shown[sideOf(row)][Number(row.dataset.index)];
    if (!row || !level) return;
    const { quantity_decimals: decimals, base } = this.market;
    const [amount, total] = [level.volume, level.total].map((units) => toText(units, decimals));
    row.title = gettext("{amount}, up to here {total}", {
      amount: amountOf(grouped(amount), base),
      total: amountOf(grouped(total), base),
    });
  }

  grouping() {
    return { step: this.step, tick: exactUnits(this.market.tick_size, this.market.price_decimals) };
  }

  /** The prices, as they are grouped, at which own orders rest. */
  ownLevels() {
    /** @type {Record<BookSide, Set<bigint>>} */
    const levels = { asks: new Set(), bids: new Set() };
    for (const own of this.own) {
      const [side, text] = own.split(" ");
      const price = exactUnits(text, this.market.price_decimals);
      const isAsk = side === "sell";
      levels[isAsk ? "asks" : "bids"].add(groupPrice(price, { ...this.grouping(), isAsk }));
    }
    return levels;
  }

  /** @param {number} decimals */
  drawMiddle(decimals) {
    const { bids, asks } = live.book;
    const known = ticker(this.market.symbol).peek();
    write(this.last, known?.last ? grouped(known.last) : "–");
    if (!bids.length || !asks.length) return write(this.spread, gettext("no spread"));
    const spread = exactUnits(asks[0][0], decimals) - exactUnits(bids[0][0], decimals);
    const distance = grouped(toText(spread, decimals));
    return write(this.spread, gettext("spread {distance}", { distance }));
  }

  /** @param {HTMLElement | null} element */
  take(element) {
    if (!element) return;
    const level = this.shown[sideOf(element)][Number(element.dataset.index)];
    if (level) picked.value = { price: toText(level.price, this.market.price_decimals) };
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this.move(event.key === "ArrowUp" ? -1 : 1);
    } else if ((event.key === "Enter" || event.key === " ") && this.active) {
      event.preventDefault();
      this.take(this.rows[this.active.side][this.active.index].element);
    }
  }

  /**
   * From the highest ask, shown at the top, to the lowest bid.
   *
   * @param {-1 | 1} by
   */
  move(by) {
    /** @type {(side: BookSide) => Place[]} */
    const placesOf = (side) => this.shown[side].map((_, index) => ({ side, index }));
    const places = [...placesOf("asks").reverse(), ...placesOf("bids")];
    if (!places.length) return;
    const { active } = this;
    const now = places.findIndex(
      (place) => place.side === active?.side && place.index === active.index,
    );
    const next = now < 0 ? this.shown.asks.length - (by < 0 ? 1 : 0) : now + by;
    this.activate(places[Math.max(0, Math.min(places.length - 1, next))]);
  }

  /** @param {Place | null} place */
  activate(place) {
    if (this.active) this.rows[this.active.side][this.active.index]?.select(false);
    this.active = place;
    const row = place && this.rows[place.side][place.index];
    row?.select(true);
    if (row) this.root.setAttribute("aria-activedescendant", row.element.id);
    else this.root.removeAttribute("aria-activedescendant");
  }
}

/** @param {HTMLElement} row */
function sideOf(row) {
  return /** @type {BookSide} */ (row.dataset.side);
}

class Row {
  /**
   * @param {HTMLElement} parent
   * @param {BookSide} side
   * @param {number} index
   */
  constructor(parent, side, index) {
    this.width = -1; // of the bar, as a share of the deepest level; not known yet
    this.isOwn = false;
    this.room = 0; // characters of an amount
    /** @type {(bigint | undefined)[]} What each cell shows. */
    this.units = [undefined, undefined, undefined];
    this.element = document.createElement("div");
    this.element.className = "level";
    this.element.id = `level-${side}-${index}`;
    this.element.role = "option";
    this.element.ariaSelected = "false";
    this.element.dataset.side = side;
    this.element.dataset.index = String(index);
    this.bar = this.element.appendChild(document.createElement("i"));
    this.cells = ["price", "amount", "total"].map((name) => {
      const cell = this.element.appendChild(document.createElement("span"));
      cell.className = name;
      return cell.appendChild(document.createTextNode(""));
    });
    if (side === "asks") parent.prepend(this.element);
    else parent.append(this.element);
  }

  /**
   * @param {ShownLevel | undefined} level
   * @param {bigint} most
   * @param {Scale & { room: number }} scale
   * @param {Set<bigint>} owned
   */
  show(level, most, { priceDecimals, quantityDecimals, room }, owned) {
    if (room !== this.room) this.units.fill(undefined);
    this.room = room;
    /** @param {bigint} units */
    const amount = (units) => fitted(toText(units, quantityDecimals), room);
    this.put(0, level?.price, (units) => grouped(toText(units, priceDecimals)));
    this.put(1, level?.volume, amount);
    this.put(2, level?.total, amount);
    const width = level && most ? Number((level.total * 1000n) / most) / 1000 : 0;
    if (width !== this.width) this.bar.style.transform = `scaleX(${width})`;
    this.width = width;
    const isOwn = Boolean(level && owned.has(level.price));
    if (isOwn !== this.isOwn) this.element.classList.toggle("own", isOwn);
    this.isOwn = isOwn;
  }

  /**
   * Writes a number only when it is another one: most are the same in the next frame.
   *
   * @param {number} place
   * @param {bigint | undefined} units
   * @param {(units: bigint) => string} text
   */
  put(place, units, text) {
    if (units !== undefined && units === this.units[place]) return;
    this.units[place] = units;
    write(this.cells[place], units === undefined ? "" : text(units));
  }

  /** @param {boolean} isSelected */
  select(isSelected) {
    this.element.ariaSelected = String(isSelected);
    if (isSelected) this.element.scrollIntoView({ block: "nearest" });
  }
}
