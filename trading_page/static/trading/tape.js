// The newest trades. Rows are made once: for a new trade the last one moves to the top.

import { useEffect, useRef } from "preact/hooks";
import { digitPx, write } from "./frame.js";
import { html, rendered } from "./html.js";
import { isTapeShown } from "./layout.js";
import { live, onChange } from "./live.js";
import { fitted, grouped } from "./numbers.js";
import { market } from "./store.js";
import { gettext } from "./texts.js";
import { timeFormat } from "./times.js";

const BESIDE = 16; // digits: the arrow, the time and what is between the columns

/**
 * @import { Tape as RecentTrades, Trade } from "./recent.js"
 */

export function Tape() {
  const shown = market.value;
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const nothing = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!shown) return undefined;
    const view = new TapeView(rendered(root), rendered(nothing));
    const stop = onChange("tape", () => view.draw());
    return () => {
      stop();
      view.end();
    };
  }, [shown?.symbol]);
  return html`
    <section class="panel tape" aria-label=${gettext("Trades")}>
      <header class="panel-head">
        <h2>${gettext("Trades")}</h2>
        <${Fold} />
      </header>
      <div class="columns" aria-hidden="true">
        <span>${gettext("Price {asset}", { asset: shown?.quote ?? "" })}</span
        ><span>${gettext("Amount {asset}", { asset: shown?.base ?? "" })}</span
        ><span>${gettext("Time")}</span>
      </div>
      <p ref=${nothing} class="nothing" hidden>
        ${gettext("Nobody has traded here yet. The first two orders that meet make the first trade.")}
      </p>
      <div
        ref=${root}
        class="trades"
        role="list"
        tabindex="0"
        aria-label=${gettext("Newest trades first")}
      ></div>
    </section>
  `;
}

/** The list can be folded, which leaves its room to the order form. */
function Fold() {
  const label = isTapeShown.value ? gettext("Fold the trades") : gettext("Unfold the trades");
  return html`
    <button
      type="button"
      class="icon"
      aria-expanded=${isTapeShown.value}
      title=${label}
      aria-label=${label}
      onClick=${() => (isTapeShown.value = !isTapeShown.value)}
    >
      <span aria-hidden="true">${isTapeShown.value ? "▾" : "▴"}</span>
    </button>
  `;
}

class TapeView {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} nothing What is said where there are no trades.
   */
  constructor(root, nothing) {
    this.root = root;
    this.nothing = nothing;
    /** @type {RecentTrades | null} */
    this.tape = null;
    this.added = 0;
    this.rewritten = 0;
    root.replaceChildren();
    this.rows = Array.from({ length: live.tape.kept }, () => new Row(root));
    this.digits = 0; // of a row
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(root);
  }

  end() {
    this.resizing.disconnect();
  }

  fit() {
    this.digits = Math.floor(this.root.clientWidth / digitPx(this.root));
    this.tape = null; // so that all of it is written again
    this.draw();
  }

  draw() {
    const { tape } = live;
    const isSame = tape === this.tape && tape.rewritten === this.rewritten;
    const count = isSame ? tape.added - this.added : tape.kept;
    this.nothing.hidden = !tape.isRead || tape.trades.length > 0;
    Object.assign(this, { tape, added: tape.added, rewritten: tape.rewritten });
    if (!isSame || count >= this.rows.length) {
      this.rows.forEach((row, index) => row.show(tape.trades[index], this.digits));
      return;
    }
    for (let index = count - 1; index >= 0; index -= 1) {
      const [row] = this.rows.splice(-1);
      row.show(tape.trades[index], this.digits);
      this.rows.unshift(row);
      this.root.prepend(row.element);
    }
  }
}

class Row {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.element = parent.appendChild(document.createElement("div"));
    this.element.role = "listitem";
    this.cells = ["price", "amount", "time"].map((name) => {
      const cell = this.element.appendChild(document.createElement("span"));
      cell.className = name;
      return cell.appendChild(document.createTextNode(""));
    });
    this.element.hidden = true;
  }

  /**
   * @param {Trade | undefined} trade
   * @param {number} digits There is room for.
   */
  show(trade, digits) {
    this.element.hidden = !trade;
    if (!trade) return;
    const [price, amount, time] = this.cells;
    this.element.className = `trade ${trade.taker_side}`;
    const at = grouped(trade.price);
    write(price, `${trade.taker_side === "buy" ? "▲" : "▼"} ${at}`);
    const whole = grouped(trade.quantity);
    const shown = fitted(trade.quantity, Math.max(1, digits - at.length - BESIDE));
    write(amount, shown);
    const cut = shown === whole ? "" : whole;
    if (cut !== this.element.title) this.element.title = cut;
    write(time, timeOf(trade.executed_at));
  }
}

const CLOCK = timeFormat({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** @param {string} text */
function timeOf(text) {
  return CLOCK.format(new Date(text));
}
