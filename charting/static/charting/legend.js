// What the chart says in words: the numbers of a candle and of the indicators at it.

import { write } from "#page/frame.js";
import { compact, grouped, neat } from "#page/numbers.js";
import { amountOf, gettext } from "#page/texts.js";
import { isRise } from "./looks.js";

/**
 * @import { Candle, Market } from "#page/answers.d.ts"
 */

/** @typedef {{ name: string, colour: string, text: string }} Reading What an indicator says. */

export class Legend {
  /**
   * @param {HTMLElement} root
   * @param {Market} market
   */
  constructor(root, { base }) {
    this.root = root;
    this.base = base;
    const names = [gettext("O"), gettext("H"), gettext("L"), gettext("C"), gettext("Vol")];
    this.numbers = names.map((name) => this.part(`${name} `).text);
    /** @type {ReturnType<Legend["part"]>[]} */
    this.readings = [];
  }

  /** @param {string} name */
  part(name) {
    const element = this.root.appendChild(document.createElement("span"));
    element.append(name);
    const number = element.appendChild(document.createElement("b"));
    return { element, name, number, text: number.appendChild(document.createTextNode("")) };
  }

  /**
   * @param {Candle} candle
   * @param {Reading[]} readings
   */
  show(candle, readings) {
    const { open, high, low, close, volume } = candle;
    const texts = [
      ...[open, high, low, close].map(grouped),
      amountOf(Number(volume) < 1_000 ? neat(volume) : compact(volume), this.base),
    ];
    this.numbers.forEach((node, index) => write(node, texts[index]));
    const name = `candle-words ${isRise(candle) ? "up" : "down"}`;
    if (name !== this.root.className) this.root.className = name;
    this.showReadings(readings);
  }

  /** @param {Reading[]} readings */
  showReadings(readings) {
    if (this.readings.map(({ name }) => name).join() !== readings.map(labelOf).join()) {
      for (const { element } of this.readings) element.remove();
      this.readings = readings.map((reading) => this.part(labelOf(reading)));
    }
    readings.forEach(({ text, colour }, index) => {
      const { number, text: node } = this.readings[index];
      write(node, text);
      if (number.style.color !== colour) number.style.color = colour;
    });
  }
}

/** @param {Reading} reading */
function labelOf({ name }) {
  return `${name} `;
}
