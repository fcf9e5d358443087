// On a narrow screen the order form is below the chart and the book: two buttons that stay lead
// there.

import { useEffect, useState } from "preact/hooks";
import { byId, html } from "./html.js";
import { market, picked } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { Order } from "./answers.d.ts"
 */

export function TradeBar() {
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    const watching = new IntersectionObserver(([entry]) => setThere(entry.isIntersecting), {
      threshold: 0.3,
    });
    watching.observe(byId("order-form"));
    return () => watching.disconnect();
  }, []);
  const base = market.value?.base ?? "";
  /** @param {Order["side"]} side */
  const go = (side) => {
    picked.value = { side };
    byId("order-form").scrollIntoView({ block: "start" });
  };
  return html`
    <div
      class="trade-bar"
      role="group"
      aria-label=${gettext("To the order form")}
      hidden=${isThere || !market.value}
    >
      <button type="button" class="buy" onClick=${() => go("buy")}>
        ${gettext("Buy {asset}", { asset: base })}
      </button>
      <button type="button" class="sell" onClick=${() => go("sell")}>
        ${gettext("Sell {asset}", { asset: base })}
      </button>
    </div>
  `;
}
