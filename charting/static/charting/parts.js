// What is on a chart besides the candles. Each part is loaded when there is something for it to show;
// without it nothing is done.

import { effect } from "@preact/signals";
import { toolsAreOpen } from "#page/chart.js";
import { entries } from "#page/positions.js";
import { orders } from "#page/store.js";
import { board } from "./board.js";
import { indicators } from "./studies.js";

/**
 * @import { Candle } from "#page/answers.d.ts"
 * @import { Reading } from "./legend.js"
 * @import { CandleView } from "./view.js"
 */

/**
 * Something on the chart besides the candles.
 *
 * @typedef {{
 *   end: () => void,
 *   reload?: () => void,
 *   update?: (candles: Candle[]) => void,
 *   dress?: () => void,
 *   readings?: (candle: Candle) => Reading[],
 * }} Part
 */

const RETRY_MS = 2_000;

export class Parts {
  /** @param {CandleView} view */
  constructor(view) {
    this.view = view;
    /** @type {Part[]} */
    this.parts = [];
    this.isOver = false;
    /** @type {(() => void)[]} */
    this.stop = [];
  }

  begin() {
    const { view } = this;
    const { symbol } = view.market;
    const isOwn = (/** @type {{ symbol: string }} */ order) => order.symbol === symbol;
    this.add(
      () => indicators.value.length > 0,
      () => import("./plots.js"),
      ({ Plots }) => new Plots(view),
    );
    this.add(
      () => entries.value.has(symbol) || orders.value.some(isOwn),
      () => import("./handles.js"),
      ({ Handles }) => new Handles(view),
    );
    this.add(
      () => toolsAreOpen.value || board(symbol).value.length > 0,
      () => import("./sketches.js"),
      ({ Sketches }) => new Sketches(view),
    );
  }

  /**
   * Adds a part as soon as it is wanted and its module is there.
   *
   * @template Module
   * @param {() => boolean} isWanted
   * @param {() => Promise<Module>} load
   * @param {(module: Module) => Part} make
   */
  add(isWanted, load, make) {
    let isBegun = false;
    const begin = async () => {
      isBegun = true;
      const module = await load().catch(() => null);
      if (this.isOver) return;
      if (!module) {
        setTimeout(begin, RETRY_MS);
        return;
      }
      this.parts.push(make(module));
      this.view.say();
    };
    this.stop.push(
      effect(() => {
        if (!isBegun && isWanted()) begin();
      }),
    );
  }

  end() {
    this.isOver = true;
    for (const stop of this.stop) stop();
    for (const part of this.parts) part.end();
  }

  /** All candles may be others. */
  reload() {
    for (const part of this.parts) part.reload?.();
  }

  /** @param {Candle[]} candles The newest ones, which have changed or come. */
  update(candles) {
    for (const part of this.parts) part.update?.(candles);
  }

  /** The colours have changed. */
  dress() {
    for (const part of this.parts) part.dress?.();
  }

  /**
   * @param {Candle} candle
   * @returns {Reading[]}
   */
  readings(candle) {
    return this.parts.flatMap((part) => part.readings?.(candle) ?? []);
  }
}
