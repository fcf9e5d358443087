// One line of an own order on the chart, and its label.

import { LineStyle } from "lightweight-charts";
import { gettext } from "#page/texts.js";
import { lineText } from "./lines.js";

/**
 * @import { Line } from "./lines.js"
 * @import { CandleView } from "./view.js"
 */

export const LABEL_PX = 24; // its height

export class Handle {
  /**
   * @param {CandleView} view
   * @param {HTMLElement} root
   * @param {Line} line
   * @param {{ cancel: () => void, press: (event: PointerEvent) => void }} takers
   */
  constructor(view, root, line, { cancel, press }) {
    this.view = view;
    this.line = line;
    /** @type {string | null} Where it was moved to, until the order is there. */
    this.moved = null;
    this.isHeld = false; // by the pointer, or while it is asked about
    this.isShown = true;
    this.element = root.appendChild(document.createElement("li"));
    this.text = this.element.appendChild(document.createElement("span"));
    this.button = this.closer(cancel);
    this.mark = view.candles.createPriceLine({ price: Number(line.price), lineWidth: 1 });
    this.element.onpointerdown = (event) => {
      if (!this.canMove || event.button !== 0 || event.target === this.button) return;
      event.preventDefault();
      press(event);
    };
    this.write();
    this.dress();
  }

  /** @param {() => void} cancel */
  closer(cancel) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "close";
    button.append("×");
    button.onclick = cancel;
    if (this.line.order) this.element.append(button);
    return button;
  }

  remove() {
    this.element.remove();
    this.view.candles.removePriceLine(this.mark);
  }

  get price() {
    return this.moved ?? this.line.price;
  }

  get y() {
    return this.view.candles.priceToCoordinate(Number(this.price));
  }

  get canMove() {
    return this.line.field !== null && !this.button.disabled;
  }

  /** @param {boolean} isBusy */
  set isBusy(isBusy) {
    this.button.disabled = isBusy;
    this.element.ariaBusy = String(isBusy);
  }

  /**
   * The order as it is now: what it was moved to it has, or something else has come of it.
   *
   * @param {Line} line
   */
  follow(line) {
    const isChanged = line.order?.updated_at !== this.line.order?.updated_at;
    this.line = line;
    if (isChanged && !this.isHeld) this.moved = null;
    this.write();
  }

  /** @param {string | null} price */
  drag(price) {
    this.isHeld = true;
    if (price === null || price === this.moved) return;
    this.moved = price;
    this.write();
  }

  putBack() {
    this.isHeld = false;
    this.moved = null;
    this.write();
  }

  write() {
    const text = lineText(this.line, this.price);
    this.text.textContent = text;
    this.button.ariaLabel = gettext("Cancel: {order}", { order: text });
    this.mark.applyOptions({ price: Number(this.price) });
    const { kind, side, field } = this.line;
    this.element.dataset.kind = kind;
    this.element.className = side;
    this.element.classList.toggle("movable", field !== null);
    this.element.classList.toggle("moved", this.moved !== null);
  }

  dress() {
    const { palette } = this.view;
    const { kind, side } = this.line;
    const color = kind === "entry" ? palette.accent : side === "buy" ? palette.up : palette.down;
    this.mark.applyOptions({
      color,
      lineStyle: kind === "order" || kind === "entry" ? LineStyle.Solid : LineStyle.Dashed,
      axisLabelColor: color,
      axisLabelTextColor: palette.panel,
    });
  }

  /** @param {boolean} isShown */
  showAt(isShown) {
    if (isShown !== this.isShown) this.element.hidden = !isShown;
    this.isShown = isShown;
    return isShown;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  moveTo(x, y) {
    const place = `translate(${x}px, calc(${Math.round(y)}px - 50%))`;
    if (this.element.style.transform !== place) this.element.style.transform = place;
  }
}
