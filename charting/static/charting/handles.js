// Own orders on the chart: a line each, with a label that cancels it, or moves it to another price.

import { effect } from "@preact/signals";
import { attempt } from "#page/attempts.js";
import { entries } from "#page/positions.js";
import { ask } from "#page/session.js";
import { lastOf, orders } from "#page/store.js";
import { gettext } from "#page/texts.js";
import { isWanted } from "./amendment.js";
import { tool } from "./board.js";
import { Handle, LABEL_PX } from "./handle.js";
import { columnsOf, linesOf } from "./lines.js";

/**
 * @import { Line } from "./lines.js"
 * @import { Gesture, Point } from "./gestures.js"
 * @import { CandleView } from "./view.js"
 */

const REACH_PX = 4;
const COLUMN_PX = 250;

export class Handles {
  /** @param {CandleView} view */
  constructor(view) {
    this.view = view;
    /** @type {Map<string, Handle>} By the key of their lines. */
    this.handles = new Map();
    this.root = view.layer.appendChild(document.createElement("ul"));
    this.root.className = "own-lines";
    this.root.role = "list"; // a list without bullets is none to every browser
    this.root.ariaLabel = gettext("Own orders on the chart");
    this.requestUpdate = () => {};
    this.primitive = this.placing();
    this.isAttached = false;
    this.stop = [
      view.gestures.ask((at, event) => this.press(at, event)),
      effect(() => this.show()),
    ];
  }

  end() {
    for (const stop of this.stop) stop();
    this.root.remove();
  }

  /** The lines of the account as it is now. */
  show() {
    const { symbol } = this.view.market;
    const entry = entries.value.get(symbol);
    const lines = linesOf(orders.value, symbol, entry, lastOf(symbol));
    const keys = new Set(lines.map(({ key }) => key));
    for (const [key, handle] of this.handles) if (!keys.has(key)) this.remove(key, handle);
    for (const line of lines) this.put(line);
    this.attach(lines.length > 0);
    this.requestUpdate();
  }

  /**
   * @param {string} key
   * @param {Handle} handle
   */
  remove(key, handle) {
    if (handle.isHeld) this.view.gestures.cancel();
    handle.remove();
    this.handles.delete(key);
  }

  /** @param {Line} line */
  put(line) {
    const known = this.handles.get(line.key);
    if (known) {
      known.follow(line);
      return;
    }
    const handle = new Handle(this.view, this.root, line, {
      cancel: () => this.cancel(handle),
      press: (event) => this.view.gestures.begin(this.dragging(handle), event),
    });
    this.handles.set(line.key, handle);
  }

  dress() {
    for (const handle of this.handles.values()) handle.dress();
  }

  // --- where they are ---------------------------------------------------------------------------

  /**
   * Labels stand where the chart has its lines in the frame that is painted: the chart says when.
   *
   * @returns {import("lightweight-charts").ISeriesPrimitive}
   */
  placing() {
    const paneView = { renderer: () => ({ draw: () => this.place() }) };
    return {
      attached: ({ requestUpdate }) => {
        this.requestUpdate = requestUpdate;
      },
      paneViews: () => [paneView],
      hitTest: (_x, y) => {
        const handle = this.find(y);
        return handle && { externalId: handle.line.key, cursorStyle: "ns-resize", zOrder: "top" };
      },
    };
  }

  /** @param {boolean} isNeeded */
  attach(isNeeded) {
    if (isNeeded === this.isAttached) return;
    if (isNeeded) this.view.candles.attachPrimitive(this.primitive);
    else this.view.candles.detachPrimitive(this.primitive);
    this.isAttached = isNeeded;
  }

  place() {
    const height = this.view.chart.panes()[0].getHeight();
    const placed = [...this.handles.values()]
      .map((handle) => ({ handle, y: handle.y ?? -1 }))
      .filter(({ handle, y }) => handle.showAt(y >= 0 && y <= height))
      .sort((one, other) => one.y - other.y);
    const columns = columnsOf(
      placed.map(({ y }) => y),
      LABEL_PX,
    );
    const count = Math.max(1, Math.floor(this.view.chart.timeScale().width() / COLUMN_PX));
    placed.forEach(({ handle, y }, index) =>
      handle.moveTo((columns[index] % count) * COLUMN_PX, y),
    );
  }

  /**
   * The line at a height that can be moved.
   *
   * @param {number} at
   */
  find(at) {
    for (const handle of this.handles.values()) {
      const { y } = handle;
      if (handle.canMove && y !== null && Math.abs(y - at) <= REACH_PX) return handle;
    }
    return null;
  }

  // --- what is done with them -------------------------------------------------------------------

  /**
   * A finger takes the label: the line would be in the way of scrolling.
   *
   * @param {Point} at
   * @param {PointerEvent} event
   */
  press({ x, y }, event) {
    const isOnPrices = x <= this.view.chart.timeScale().width() && tool.peek() === null;
    const handle = isOnPrices && event.pointerType === "mouse" ? this.find(y) : null;
    return handle && this.dragging(handle);
  }

  /**
   * @param {Handle} handle
   * @returns {Gesture}
   */
  dragging(handle) {
    const height = this.view.chart.panes()[0].getHeight();
    return {
      move: ({ y }) => handle.drag(this.view.priceAt(Math.min(Math.max(y, 0), height))),
      end: () => this.amend(handle),
      cancel: () => handle.putBack(),
    };
  }

  /**
   * Asks, and moves the order. A line that is refused goes back.
   *
   * @param {Handle} handle
   */
  async amend(handle) {
    const { line } = handle;
    const { order, field } = line;
    const price = handle.moved;
    if (!order || !field || price === null || isSame(price, line.price)) {
      handle.putBack();
      return;
    }
    if (!(await isWanted({ line, order, field, price }))) {
      handle.putBack();
      return;
    }
    handle.isHeld = false;
    handle.isBusy = true;
    const isDone = await attempt(
      () => ask("PATCH", `/orders/${order.id}`, { [field]: price }),
      (text) => this.view.message.show(text),
    );
    handle.isBusy = false;
    if (!isDone) handle.putBack();
  }

  /** @param {Handle} handle */
  async cancel(handle) {
    const { order } = handle.line;
    if (!order) return;
    handle.isBusy = true;
    await attempt(
      () => ask("DELETE", `/orders/${order.id}`),
      (text) => this.view.message.show(text),
    );
    handle.isBusy = false;
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
  return Number(one) === Number(other);
}
