// The order form.

import { useEffect, useRef, useState } from "preact/hooks";
import { preview } from "./costs.js";
import { short } from "./decimal.js";
import { DemoButton } from "./demo.js";
import { noteDraft, takeDraft } from "./draft.js";
import { changed, EMPTY, formOf, typedOf } from "./entry.js";
import { idOf, NumberField } from "./fields.js";
import { html, onValue } from "./html.js";
import { live } from "./live.js";
import { dismiss, tell, tellUnloaded } from "./notices.js";
import { compact, grouped, neat } from "./numbers.js";
import { Options } from "./options.js";
import { useBook } from "./refresh.js";
import { account } from "./session.js";
import { percentOf, shareOf } from "./shares.js";
import {
  available,
  balances,
  dialog,
  fees,
  lastOf,
  market,
  pending,
  picked,
  ticker,
  tradingState,
} from "./store.js";
import { amountOf, gettext, isolated } from "./texts.js";
import {
  hasTotal,
  isByBudget,
  numberFields,
  problems,
  refusalAt,
  standing,
  TYPES,
} from "./ticket.js";

/**
 * @import { Market, Order } from "./answers.d.ts"
 * @import { Typed } from "./entry.js"
 * @import { Change, PartProps } from "./fields.js"
 * @import { Form as Fields, FormType, NumberName, Texts } from "./ticket.js"
 */

/** @typedef {{ fields: Texts, general: string }} Errors At their fields, and the rest. */

const NO_SIZE = { quantity: "", quote_quantity: "", display_quantity: "" };
const SHARES = [25, 50, 75, 100];
const SHARE = "share"; // the key of its notice

export function OrderForm() {
  const shown = market.value && atOwnRates(market.value);
  return html`
    <section class="panel form" aria-label=${gettext("Order form")} id="order-form" tabindex="-1">
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

/** @typedef {Errors & { code: string, cause: string }} Refused What was refused, and why. */

/**
 * What is typed, what is wrong with it, and how to change and to send it. An error goes when its
 * cause does: a problem when it is solved, a refusal when anything of the order changes, or what it
 * was about.
 *
 * @param {Market} shown
 */
function useForm(shown) {
  const [typed, setTyped] = useState(() => restored(shown.symbol));
  const [found, setFound] = useState(/** @type {Texts} */ ({}));
  const [refused, setRefused] = useState(/** @type {Refused | null} */ (null));
  const form = formOf(typed);
  noteDraft(shown.symbol, form);
  /** @type {Change} */
  const change = (fields) => {
    setTyped((before) => changed(before, fields, shown));
    setRefused(null);
    if ("side" in fields || "type" in fields) setFound({});
  };
  usePicked(form, change);
  useEffect(
    () => (form.type === "limit" ? offerLast(shown, setTyped) : undefined),
    [form.side, form.type],
  );

  /** @param {SubmitEvent} event */
  const send = async (event) => {
    event.preventDefault();
    if (account.value === null) {
      dialog.value = "login";
      return;
    }
    const wrong = problems(form, shown);
    setFound(wrong);
    setRefused(null);
    if (Object.keys(wrong).length) focusOn(Object.keys(wrong)[0]);
    else await sendNow();
  };
  const sendNow = async () => {
    const sending = await loadSending();
    if (!sending || !(await sending.isConfirmed(form, shown))) return;
    const outcome = await sending.place(form, shown);
    if (outcome.kind === "refused") {
      const { code } = outcome.refusal;
      const errors = refusalAt(outcome.refusal, shownFields(form));
      setRefused({ ...errors, code, cause: causeOf(code, form, shown) });
      focusOn(Object.keys(errors.fields)[0]);
    } else if (outcome.kind === "placed" || outcome.kind === "found") {
      setTyped((before) => (isSameSize(before, typed) ? changed(before, NO_SIZE, shown) : before));
    }
  };
  const isRefused = refused?.cause === causeOf(refused?.code ?? "", form, shown);
  const said = isRefused ? refused : null;
  const fields = { ...standing(found, problems(form, shown)), ...said?.fields };
  return { typed, form, errors: { fields, general: said?.general ?? "" }, change, send };
}

let isLoading = false;

/**
 * What sends an order. It is there, unless somebody is faster than the page; null where it cannot be
 * loaded, which is told, or where something else is going on: an order is in doubt, or another click
 * has come first.
 */
async function loadSending() {
  if (isLoading) return null;
  isLoading = true;
  try {
    const sending = await import("./sending.js");
    return pending.peek() === null ? sending : null;
  } catch {
    tellUnloaded();
    return null;
  } finally {
    isLoading = false;
  }
}

/**
 * What was in the form before the page was loaded again.
 *
 * @param {string} symbol
 * @returns {Typed}
 */
function restored(symbol) {
  const form = takeDraft(symbol);
  return form ? { ...EMPTY, ...typedOf(form) } : EMPTY;
}

/**
 * Whether the size is still the one that was sent: a person may have gone on to the next order.
 *
 * @param {Typed} now
 * @param {Typed} sent
 */
function isSameSize(now, sent) {
  return now.quantity === sent.quantity && now.quote_quantity === sent.quote_quantity;
}

/**
 * What a refusal was about besides the order itself.
 *
 * @param {string} code
 * @param {Fields} form
 * @param {Market} shown
 */
function causeOf(code, form, shown) {
  const who = account.value ?? "";
  if (code.startsWith("MARKET_")) return `${who} ${tradingState.value}`;
  if (code !== "INSUFFICIENT_BALANCE") return who;
  return `${who} ${available(form.side === "buy" ? shown.quote : shown.base)}`;
}

/**
 * Takes into the form what is picked elsewhere; a price where the type has one.
 *
 * @param {Fields} form
 * @param {Change} change
 */
function usePicked(form, change) {
  const latest = useRef({ form, change });
  latest.current = { form, change };
  useEffect(
    () =>
      picked.subscribe((fields) => {
        if (fields === null) return;
        picked.value = null;
        const { price, ...others } = fields;
        const name = priceField(latest.current.form);
        latest.current.change(typedOf(price && name ? { ...others, [name]: price } : others));
      }),
    [],
  );
}

/**
 * The field that a price from the book goes to.
 *
 * @param {Fields} form
 */
function priceField({ type }) {
  return /** @type {const} */ (["price", "stop_price"]).find((name) =>
    TYPES[type].fields.includes(name),
  );
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
  const names = sizeAndPrices(form);
  const asset = shown.base;
  const verb =
    form.side === "buy" ? gettext("Buy {asset}", { asset }) : gettext("Sell {asset}", { asset });
  const submit = account.value === null ? gettext("Log in to trade") : verb;
  return html`
    <form class=${`order ${form.side}`} onSubmit=${send} novalidate autocomplete="off">
      <${Sides} side=${form.side} choose=${chooseSide} />
      <label class="field">
        <span>${gettext("Type")}</span>
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
 * Fills in the last price as soon as it is known, once, where none was typed: a form that begins
 * with it needs no typing.
 *
 * @param {Market} shown
 * @param {(change: (before: Typed) => Typed) => void} setTyped
 */
function offerLast(shown, setTyped) {
  let isDone = false;
  return ticker(shown.symbol).subscribe((known) => {
    const price = known?.last;
    if (isDone || !price) return;
    isDone = true;
    const offered = typedOf({ price });
    setTyped((before) => (before.price ? before : changed(before, offered, shown)));
  });
}

/**
 * The numbers that every order of the type has; what is optional is elsewhere.
 *
 * @param {Fields} form
 * @returns {NumberName[]}
 */
function sizeAndPrices(form) {
  const names = numberFields(form).filter((name) => name !== "display_quantity");
  return hasTotal(form) ? [...names, "total"] : names;
}

/**
 * The fields at which something can be said.
 *
 * @param {Fields} form
 */
function shownFields(form) {
  return [...numberFields(form), "expire_at", "display_quantity", "total"];
}

/** @param {string | undefined} name */
function focusOn(name) {
  if (name) document.getElementById(idOf(name))?.focus();
}

/** @param {{ side: Order["side"], choose: (side: Order["side"]) => void }} props */
function Sides({ side, choose }) {
  return html`
    <div class="sides" role="group" aria-label=${gettext("Side")}>
      <button
        type="button"
        class="buy"
        aria-pressed=${side === "buy"}
        onClick=${() => choose("buy")}
      >
        ${gettext("Buy")}
      </button>
      <button
        type="button"
        class="sell"
        aria-pressed=${side === "sell"}
        onClick=${() => choose("sell")}
      >
        ${gettext("Sell")}
      </button>
    </div>
  `;
}

/** @param {PartProps} props */
function Shares({ form, market: shown, change }) {
  const asset = form.side === "buy" ? shown.quote : shown.base;
  const isStranger = account.value === null;
  /** @param {number} percent */
  const take = (percent) => {
    const share = shareOf(percent, form, shown, meansOf(shown));
    const size = share?.quantity ?? share?.quote_quantity;
    if (!share) tell(gettext("Give a price first"), "info", SHARE);
    else if (percent === 0) change({ quantity: "", quote_quantity: "" });
    else if (!/[1-9]/.test(size ?? "")) {
      tell(gettext("There is not enough {asset} available for that", { asset }), "info", SHARE);
    } else {
      dismiss(SHARE);
      change(typedOf(share));
    }
  };
  const label = gettext("Share of the available {asset}", { asset });
  return html`
    <div class="shares" role="group" aria-label=${label}>
      <${Slider} form=${form} market=${shown} label=${label} isOff=${isStranger} take=${take} />
      ${SHARES.map(
        (percent) => html`
          <button type="button" disabled=${isStranger} onClick=${() => take(percent)}>
            ${isolated(`${percent} %`)}
          </button>
        `,
      )}
    </div>
    <p class="available">
      <span>${gettext("Available")}</span>
      <b title=${isStranger ? undefined : available(asset)}
        >${isStranger ? "–" : amountOf(neat(available(asset)), asset)}</b
      >
    </p>
  `;
}

/**
 * The share of what is available as a slider, which follows what is typed.
 *
 * @param {Pick<PartProps, "form" | "market"> & {
 *   label: string, isOff: boolean, take: (percent: number) => void,
 * }} props
 */
function Slider({ form, market: shown, label, isOff, take }) {
  const percent = isOff ? 0 : (percentOf(form, shown, meansOf(shown)) ?? 0);
  return html`
    <input
      type="range"
      name="share"
      min="0"
      max="100"
      step="1"
      list="share-marks"
      value=${percent}
      disabled=${isOff}
      aria-label=${label}
      aria-valuetext=${isolated(`${percent} %`)}
      onInput=${onValue((value) => take(Number(value)))}
    />
    <datalist id="share-marks">
      ${[0, ...SHARES].map((mark) => html`<option value=${mark}></option>`)}
    </datalist>
  `;
}

/** @param {Market} shown */
function meansOf(shown) {
  return { balances: balances.value, last: lastOf(shown.symbol) };
}

/**
 * What it would come to. Of an order at market that changes with the book.
 *
 * @param {Pick<PartProps, "form" | "market">} props
 */
function Preview({ form, market: shown }) {
  useBook(form.type === "market");
  const found = preview(form, shown, live.book, lastOf(shown.symbol));
  const total = found && amountOf(money(found.total), shown.quote);
  return html`
    <dl class="preview">
      ${
        !hasTotal(form) &&
        html`<div>
          <dt>${gettext("Total")}</dt>
          <dd>${(found?.isEstimate ? total && about(total) : total) ?? "–"}</dd>
        </div>`
      }
      <div>
        <dt>${gettext("Fee at most")}</dt>
        <dd>${found ? amountOf(money(found.fee), shown.quote) : "–"}</dd>
      </div>
      ${
        isByBudget(form) &&
        html`<div>
          <dt>${gettext("Amount")}</dt>
          <dd>${found ? about(amountOf(grouped(found.quantity), shown.base)) : "–"}</dd>
        </div>`
      }
      ${
        found?.worst &&
        html`<div>
          <dt>${gettext("Worst price")}</dt>
          <dd>${grouped(found.worst)}</dd>
        </div>`
      }
    </dl>
  `;
}

/** @param {string} amount */
function about(amount) {
  return gettext("about {amount}", { amount });
}

/** @param {string} text */
function money(text) {
  const shortest = short(text);
  return shortest.length > 16 ? compact(shortest) : grouped(shortest);
}

function State() {
  /** @type {Partial<Record<Market["trading_state"] | "", string>>} */
  const texts = {
    pre_open: gettext("The market has not opened yet: it accepts orders that can rest"),
    halted: gettext("The market is halted: orders can only be cancelled"),
    post_only: gettext("The market accepts only post-only orders"),
    closed: gettext("The market is closed"),
  };
  const text = texts[tradingState.value];
  return text ? html`<p class="market-state" role="status">${text}</p>` : null;
}
