// The order form.

import { useEffect, useRef, useState } from "preact/hooks";
import { compact, grouped, neat, toShortText, toUnits } from "./decimal.js";
import { DemoButton } from "./demo.js";
import { paint } from "./frame.js";
import { html } from "./html.js";
import { live, onChange } from "./live.js";
import { Options } from "./options.js";
import { place, pending } from "./placing.js";
import { account } from "./session.js";
import {
  available,
  balances,
  dialog,
  market,
  picked,
  tell,
  ticker,
  tradingState,
} from "./store.js";
import {
  BLANK,
  isByBudget,
  LABELS,
  numberFields,
  OPTIONAL,
  preview,
  problems,
  refusalAt,
  shareOf,
  TYPES,
} from "./ticket.js";

const SHARES = [25, 50, 75, 100];

export function OrderForm() {
  const shown = market.value;
  return html`
    <section class="panel form" aria-label="Order form" id="order-form" tabindex="-1">
      ${shown && html`<${Form} key=${shown.symbol} market=${shown} />`}
    </section>
  `;
}

function Form({ market: shown }) {
  const [form, setForm] = useState(BLANK);
  const [errors, setErrors] = useState({ fields: {}, general: "" });
  const change = (fields) => {
    setForm((before) => ({ ...before, ...fields }));
    setErrors((before) => without(before, Object.keys(fields)));
  };
  useEffect(
    () =>
      picked.subscribe((fields) => {
        if (fields === null) return;
        picked.value = null;
        change(fields.price ? { [priceField()]: fields.price } : fields);
      }),
    [],
  );
  useEffect(
    () =>
      offerLast(shown.symbol, (price) =>
        setForm((before) => (before.price ? before : { ...before, price })),
      ),
    [],
  );
  const latest = useRef(form);
  latest.current = form;
  const priceField = () =>
    ["price", "stop_price"].find((name) => TYPES[latest.current.type].fields.includes(name)) ??
    "price";

  const names = numberFields(form);
  const send = async (event) => {
    event.preventDefault();
    if (account.value === null) {
      dialog.value = "login";
      return;
    }
    const wrong = problems(form, shown);
    setErrors({ fields: wrong, general: "" });
    if (Object.keys(wrong).length) focusOn(Object.keys(wrong)[0]);
    else await sendNow(form, shown, setErrors, setForm);
  };
  const isBusy = pending.value !== null;
  const verb = form.side === "buy" ? "Buy" : "Sell";
  return html`
    <form class=${`order ${form.side}`} onSubmit=${send} novalidate autocomplete="off">
      <${Sides} side=${form.side} choose=${(side) => change({ side })} />
      <label class="field">
        <span>Type</span>
        <select
          name="type"
          value=${form.type}
          onChange=${(event) => change({ type: event.target.value, time_in_force: "gtc" })}
        >
          ${Object.entries(TYPES).map(([type, { label }]) => html`<option value=${type}>${label}</option>`)}
        </select>
      </label>
      ${names
        .filter((name) => name !== "display_quantity")
        .map(
          (name) => html`
            <${NumberField}
              key=${name}
              name=${name}
              form=${form}
              market=${shown}
              error=${errors.fields[name]}
              change=${change}
            />
          `,
        )}
      <${Shares} form=${form} market=${shown} change=${change} />
      <${Preview} form=${form} market=${shown} />
      <${Options} form=${form} market=${shown} errors=${errors.fields} change=${change} />
      <div class="send">
        <p class="form-error" role="alert">${errors.general}</p>
        <button type="submit" class="submit" disabled=${isBusy}>
          ${account.value === null ? "Log in to trade" : isBusy ? pending.value : `${verb} ${shown.base}`}
        </button>
        <${DemoButton} />
        <${State} />
      </div>
    </form>
  `;
}

/** Says the last price as soon as it is known, once: a form that begins with it needs no typing. */
function offerLast(symbol, take) {
  let isDone = false;
  return ticker(symbol).subscribe((known) => {
    if (isDone || !known?.last) return;
    isDone = true;
    take(known.last);
  });
}

async function sendNow(form, shown, setErrors, setForm) {
  const outcome = await place(form, shown);
  if (outcome.kind === "refused") {
    const visible = [
      ...numberFields(form),
      "expire_at",
      "time_in_force",
      "post_only",
      "display_quantity",
    ];
    const errors = refusalAt(outcome.refusal, visible);
    setErrors(errors);
    focusOn(Object.keys(errors.fields)[0]);
  } else if (outcome.kind === "placed" || outcome.kind === "found") {
    setForm((before) => ({ ...before, quantity: "", quote_quantity: "", display_quantity: "" }));
  }
}

function without(errors, names) {
  const fields = Object.fromEntries(
    Object.entries(errors.fields).filter(([name]) => !names.includes(name)),
  );
  return { fields, general: "" };
}

function focusOn(name) {
  if (name) document.getElementById(idOf(name))?.focus();
}

export function idOf(name) {
  return `order-${name.replace(".", "-")}`;
}

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

function NumberField({ name, form, market: shown, error, change }) {
  const id = idOf(name);
  return html`
    <div class=${`field ${error ? "wrong" : ""}`}>
      <label for=${id}
        >${LABELS[name]}${OPTIONAL.has(name) && html`<small> optional</small>`}</label
      >
      <div class="input">
        <input
          id=${id}
          name=${name}
          type="text"
          inputmode="decimal"
          value=${form[name]}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${`${id}-error`}
          onInput=${(event) => change({ [name]: event.target.value.replace(",", ".") })}
          onKeyDown=${(event) => step(event, name, form, shown, change)}
        />
        <${Unit} name=${name} form=${form} market=${shown} change=${change} />
      </div>
      <p class="field-error" id=${`${id}-error`} role="alert">${error}</p>
    </div>
  `;
}

/** Arrow keys move a number by its smallest step. */
function step(event, name, form, shown, change) {
  const by = { ArrowUp: 1n, ArrowDown: -1n }[event.key];
  if (!by || name === "trailing_percent" || name === "quote_quantity") return;
  event.preventDefault();
  const isQuantity = name.endsWith("quantity");
  const [decimals, size] = isQuantity
    ? [shown.quantity_decimals, shown.lot_size]
    : [shown.price_decimals, shown.tick_size];
  const units = (toUnits(form[name], decimals) ?? 0n) + by * toUnits(size, decimals);
  if (units >= 0n) change({ [name]: toShortText(units, decimals) });
}

/** In what a number is counted; where there is a choice, to choose it. */
function Unit({ name, form, market: shown, change }) {
  if (
    (name === "quantity" || name === "quote_quantity") &&
    form.type === "market" &&
    form.side === "buy"
  ) {
    return html`
      <select
        aria-label="Size of the order in"
        value=${form.sizeBy}
        onChange=${(event) => change({ sizeBy: event.target.value })}
      >
        <option value="quantity">${shown.base}</option>
        <option value="quote_quantity">${shown.quote}</option>
      </select>
    `;
  }
  if (name.startsWith("trailing")) {
    return html`
      <select
        aria-label="Distance in"
        value=${form.trailBy}
        onChange=${(event) => change({ trailBy: event.target.value })}
      >
        <option value="trailing_percent">%</option>
        <option value="trailing_amount">${shown.quote}</option>
      </select>
    `;
  }
  return html`<span class="unit" aria-hidden="true"
    >${name.endsWith("quantity") && name !== "quote_quantity" ? shown.base : shown.quote}</span
  >`;
}

function Shares({ form, market: shown, change }) {
  const asset = form.side === "buy" ? shown.quote : shown.base;
  const take = (percent) => {
    const share = shareOf(percent, form, shown, balances.value, live.book);
    if (!share) tell("Give a price first: it says how much that is");
    else if (!/[1-9]/.test(Object.values(share)[0]))
      tell(`There is not enough ${asset} available for that`);
    else change(share);
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

/** What it would come to. Of an order at market that changes with the book. */
function Preview({ form, market: shown }) {
  const [, again] = useState(0);
  useEffect(() => {
    if (form.type !== "market") return undefined;
    let timer = null;
    const stop = onChange("book", () => {
      timer ??= setTimeout(() => {
        timer = null;
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
          <dd>${found ? `about ${found.quantity} ${shown.base}` : "–"}</dd>
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

function money(text) {
  const short = text.replace(/\.?0+$/, "");
  return short.length > 16 ? compact(short) : grouped(short);
}

function State() {
  const texts = {
    pre_open: "The market opens soon: orders that rest are taken",
    halted: "The market is halted: orders can be cancelled only",
    post_only: "The market takes post-only orders",
    closed: "The market is closed",
  };
  const text = texts[tradingState.value];
  return text ? html`<p class="market-state" role="status">${text}</p>` : null;
}
