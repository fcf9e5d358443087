// The market that is shown, in the header: last price and the last 24 hours.

import { AlertButton } from "./alerts.js";
import { html } from "./html.js";
import { compact, grouped } from "./numbers.js";
import { symbol, ticker } from "./store.js";
import { amountOf, gettext, isolated } from "./texts.js";

/**
 * A change with its sign, so that its colour is not all that tells.
 *
 * @param {{ percent?: string | null }} props
 */
export function Change({ percent }) {
  if (percent === null || percent === undefined) return html`<span class="change">–</span>`;
  const isDown = percent.startsWith("-");
  const isNone = /^-?0(\.0+)?$/.test(percent);
  const size = grouped(percent.replace("-", ""));
  const text = isDown ? `−${size}` : isNone ? size : `+${size}`;
  return html`<span class=${`change ${isNone ? "" : isDown ? "down" : "up"}`}
    >${isolated(`${text} %`)}</span
  >`;
}

export function Summary() {
  const known = ticker(symbol.value).value;
  const direction = known?.change?.startsWith("-") ? "down" : "up";
  return html`
    <div class="summary">
      <b class=${`last ${known?.last ? direction : ""}`}
        >${known?.last ? grouped(known.last) : "–"}</b
      >
      <${AlertButton} />
      <dl>
        <div>
          <dt>${gettext("24 h")}</dt>
          <dd><${Change} percent=${known?.change_percent} /></dd>
        </div>
        <div>
          <dt>${gettext("High")}</dt>
          <dd>${known?.high ? grouped(known.high) : "–"}</dd>
        </div>
        <div>
          <dt>${gettext("Low")}</dt>
          <dd>${known?.low ? grouped(known.low) : "–"}</dd>
        </div>
        <div>
          <dt>${gettext("Volume")}</dt>
          <dd>${known ? amountOf(compact(known.volume), symbol.value.split("/")[0]) : "–"}</dd>
        </div>
      </dl>
    </div>
  `;
}
