// The order form.

import { useEffect, useRef, useState } from "preact/hooks";
import { preview } from "./costs.js";
import { short } from "./decimal.js";
import { DemoButton } from "./demo.js";
import { formOf, typedOf } from "./entry.js";
import { idOf, NumberField } from "./fields.js";
import { paint } from "./frame.js";
import { html, onValue } from "./html.js";
import { live, onChange } from "./live.js";
import { dismiss, tell } from "./notices.js";
import { compact, grouped, neat } from "./numbers.js";
import { Options } from "./options.js";
import { place, pending } from "./placing.js";
import { account } from "./session.js";
import { shareOf } from "./shares.js";
import {
  available,
  balances,
  dialog,
  fees,
  market,
  picked,
  ticker,
  tradingState,
} from "./store.js";
import { BLANK, isByBudget, numberFields, problems, refusalAt, TYPES } from "./ticket.js";

/**
 * @import { Market, Order } from "./answers.d.ts"
 * @import { Change, PartProps } from "./fields.js"
 * @import { Form as Fields, FormType, Texts } from "./ticket.js"
 */

/** @typedef {{ fields: Texts, general: string }} Errors At their fields, and the rest. */

const SHARES = [25, 50, 75, 100];
const SHARE = "share"; // the key of its notice

export function OrderForm() {
  const shown = market.value && atOwnRates(market.value);
  return html`
    <section class="panel form" aria-label="Order form" id="order-form" tabindex="-1">
      ${shown && html`<${Form} key=${shown.symbol} market=${shown} />`}
    </section>
  `;
}

/**
 * The market as it is for the account: a fee tier has rates of its own.
 *
 * @param {Market} shown
 * @returns {Market}
 */
function atOwnRates(shown) {
  const own = fees.value.get(shown.symbol);
  if (!own) return shown;
  return { ...shown, maker_fee_rate: own.maker_fee_rate, taker_fee_rate: own.taker_fee_rate };
}

/**
 * What is typed, what is wrong with it, and how to change and to send it.
 *
 * @param {Market} shown
 */
function useForm(shown) {
  const [typed, setTyped] = useState(BLANK);
  const [errors, setErrors] = useState(/** @type {Errors} */ ({ fields: {}, general: "" }));
  /** @type {Change} */
  const change = (fields) => {
    setTyped((before) => ({ ...before, ...fields }));
    setErrors((before) => without(before, Object.keys(fields)));
  };
  useEffect(
    () =>
      picked.subscribe((fields) => {
        if (fields === null) return;
        picked.value = null;
        change(typedOf(fields.price ? { [priceField()]: fields.price } : fields));
      }),
    [],
  );
  useEffect(
    () =>
      offerLast(shown.symbol, (price) =>
        setTyped((before) => (before.price ? before : { ...before, ...typedOf({ price }) })),
      ),
    [],
  );
  const form = formOf(typed);
  const latest = useRef(form);
  latest.current = form;
  const priceField = () => {
    const { fields } = TYPES[latest.current.type];
    return fields.includes("price") || !fields.includes("stop_price") ? "price" : "stop_price";
  };

  /** @param {SubmitEvent} event */
  const send = async (event) => {
    event.preventDefault();
    if (account.value === null) {
      dialog.value = "login";
      return;
    }
    const wrong = problems(form, shown);
    setErrors({ fields: wrong, general: "" });
    if (Object.keys(wrong).length) focusOn(Object.keys(wrong)[0]);
    else await sendNow();
  };
  const sendNow = async () => {
    const outcome = await place(form, shown);
    if (outcome.kind === "refused") {
      const refused = refusalAt(outcome.refusal, shownFields(form));
      setErrors(refused);
      focusOn(Object.keys(refused.fields)[0]);
    } else if (outcome.kind === "placed" || outcome.kind === "found") {
      setTyped((before) => ({ ...before, quantity: "", quote_quantity: "", display_quantity: "" }));
    }
  };
  return { typed, form, errors, change, send };
}

/** @param {{ market: Market }} props */
function Form({ market: shown }) {
  const { typed, form, errors, change, send } = useForm(shown);
  const part = { typed, form, market: shown, change };
  /** @param {Order["side"]} side */
  const chooseSide = (side) => change({ side });
  /** @param {FormType} type */
  const chooseType = (type) => change({ type, time_in_force: "gtc" });
  const isBusy = pending.value !== null;
  const names = numberFields(form).filter((name) => name !== "display_quantity");
  const verb = form.side === "buy" ? "Buy" : "Sell";
  const submit = account.value === null ? "Log in to trade" : `${verb} ${shown.base}`;
  return html`
    <form class=${`order ${form.side}`} onSubmit=${send} novalidate autocomplete="off">
      <${Sides} side=${form.side} choose=${chooseSide} />
      <label class="field">
        <span>Type</span>
        <select name="type" value=${form.type} onChange=${onValue(chooseType)}>
          ${Object.entries(TYPES).map(
            ([type, { label }]) => html`<option value=${type}>${label}</option>`,
          )}
        </select>
      </label>
      ${names.map(
        (name) => html`
          <${NumberField} ...${part} key=${name} name=${name} error=${errors.fields[name]} />
        `,
      )}
      <${Shares} ...${part} />
      <${Preview} form=${form} market=${shown} />
      <${Options} ...${part} errors=${errors.fields} />
      <div class="send">
        <p class="form-error" role="alert">${errors.general}</p>
        <button type="submit" class="submit" disabled=${isBusy}>
          ${isBusy && account.value !== null ? pending.value : submit}
        </button>
        <${DemoButton} />
        <${State} />
      </div>
    </form>
  `;
}

/**
 * Says the last price as soon as it is known, once: a form that begins with it needs no typing.
 *
 * @param {string} symbol
 * @param {(price: string) => void} take
 */
function offerLast(symbol, take) {
  let isDone = false;
  return ticker(symbol).subscribe((known) => {
    if (isDone || !known?.last) return;
    isDone = true;
    take(known.last);
  });
}

/**
 * The fields at which something can be said.
 *
 * @param {Fields} form
 */
function shownFields(form) {
  return [...numberFields(form), "expire_at", "display_quantity"];
}

/**
 * @param {Errors} errors
 * @param {string[]} names
 */
function without(errors, names) {
  const fields = Object.fromEntries(
    Object.entries(errors.fields).filter(([name]) => !names.includes(name)),
  );
  return { fields, general: "" };
}

/** @param {string | undefined} name */
function focusOn(name) {
  if (name) document.getElementById(idOf(name))?.focus();
}

/** @param {{ side: Order["side"], choose: (side: Order["side"]) => void }} props */
function Sides({ side, choose }) {
  return html`
    <div class="sides" role="group" aria-label="Side">
      <button
        type="button"
        class="buy"
        aria-pressed=${side === "buy"}
        onClick=${() => choose("buy")}
      >
        Buy
      </button>
      <button
        type="button"
        class="sell"
        aria-pressed=${side === "sell"}
        onClick=${() => choose("sell")}
      >
        Sell
      </button>
    </div>
  `;
}

/** @param {PartProps} props */
function Shares({ form, market: shown, change }) {
  const asset = form.side === "buy" ? shown.quote : shown.base;
  /** @param {number} percent */
  const take = (percent) => {
    const means = { balances: balances.value, last: ticker(shown.symbol).value?.last };
    const share = shareOf(percent, form, shown, means);
    const size = share?.quantity ?? share?.quote_quantity;
    if (!share) tell("Give a price first", "info", SHARE);
    else if (!/[1-9]/.test(size ?? "")) {
      tell(`There is not enough ${asset} available for that`, "info", SHARE);
    } else {
      dismiss(SHARE);
      change(typedOf(share));
    }
  };
  return html`
    <div class="shares" role="group" aria-label=${`Share of the available ${asset}`}>
      ${SHARES.map(
        (percent) => html`
          <button type="button" disabled=${account.value === null} onClick=${() => take(percent)}>
            ${percent} %
          </button>
        `,
      )}
    </div>
    <p class="available">
      <span>Available</span>
      <b title=${account.value === null ? undefined : available(asset)}
        >${account.value === null ? "–" : `${neat(available(asset))} ${asset}`}</b
      >
    </p>
  `;
}

/**
 * What it would come to. Of an order at market that changes with the book.
 *
 * @param {Pick<PartProps, "form" | "market">} props
 */
function Preview({ form, market: shown }) {
  const [, again] = useState(0);
  useEffect(() => {
    if (form.type !== "market") return undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stop = onChange("book", () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        paint(() => again((count) => count + 1));
      }, 250);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [form.type]);
  const found = preview(form, shown, live.book);
  const about = found?.isEstimate ? "about " : "";
  return html`
    <dl class="preview">
      <div>
        <dt>Total</dt>
        <dd>${found ? `${about}${money(found.total)} ${shown.quote}` : "–"}</dd>
      </div>
      <div>
        <dt>Fee at most</dt>
        <dd>${found ? `${money(found.fee)} ${shown.quote}` : "–"}</dd>
      </div>
      ${
        isByBudget(form) &&
        html`<div>
          <dt>Amount</dt>
          <dd>${found ? `about ${grouped(found.quantity)} ${shown.base}` : "–"}</dd>
        </div>`
      }
      ${
        found?.worst &&
        html`<div>
          <dt>Worst price</dt>
          <dd>${grouped(found.worst)}</dd>
        </div>`
      }
    </dl>
  `;
}

/** @param {string} text */
function money(text) {
  const shortest = short(text);
  return shortest.length > 16 ? compact(shortest) : grouped(shortest);
}

function State() {
  /** @type {Partial<Record<Market["trading_state"] | "", string>>} */
  const texts = {
    pre_open: "The market has not opened yet: it accepts orders that can rest",
    halted: "The market is halted: orders can only be cancelled",
    post_only: "The market accepts only post-only orders",
    closed: "The market is closed",
  };
  const text = texts[tradingState.value];
  return text ? html`<p class="market-state" role="status">${text}</p>` : null;
}
