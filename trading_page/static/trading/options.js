// The further instructions of an order: how long, and how it may trade.

import { Toggle } from "./controls.js";
import { idOf, NumberField } from "./fields.js";
import { html, onChecked, onValue } from "./html.js";
import { toggle } from "./preferences.js";
import { gettext, listed } from "./texts.js";
import { LABELS, PREVENTIONS, rests, timeOf, TIMES, TYPES } from "./ticket.js";

/**
 * @import { Change, PartProps } from "./fields.js"
 * @import { Form, Texts } from "./ticket.js"
 */

/** @typedef {PartProps & { errors: Texts }} OptionsProps */

/** Whether every order is asked about. */
export const isAskedAlways = toggle("ask before each order", false);

// What opens them, when the exchange refuses it.
const NAMES = ["expire_at", "display_quantity"];

/** @param {OptionsProps} props */
export function Options({ typed, form, market, errors, change }) {
  const part = { typed, form, market, errors, change };
  const type = TYPES[form.type];
  const time = timeOf(form);
  /** @param {Form["time_in_force"]} value */
  const chooseTime = (value) => change({ time_in_force: value });
  /** @param {Form["self_trade_prevention"]} value */
  const choosePrevention = (value) => change({ self_trade_prevention: value });
  const isUsed = Object.keys(errors).some((name) => NAMES.includes(name));
  return html`
    <details class="options" open=${isUsed || undefined}>
      <summary>${gettext("More: {list}", { list: summary(form) })}</summary>
      <label class="field">
        <span>${LABELS.time_in_force}</span>
        <select name="time_in_force" value=${time} onChange=${onValue(chooseTime)}>
          ${type.times.map((name) => html`<option value=${name}>${TIMES[name]}</option>`)}
        </select>
      </label>
      ${
        time === "gtd" &&
        html` <${Expiry} form=${form} error=${errors.expire_at} change=${change} /> `
      }
      ${type.options.includes("post_only") && rests(form) && html`<${Resting} ...${part} />`}
      <label class="field">
        <span>${gettext("If it met an own order")}</span>
        <select
          name="self_trade_prevention"
          value=${form.self_trade_prevention}
          onChange=${onValue(choosePrevention)}
        >
          ${Object.entries(PREVENTIONS).map(
            ([name, label]) => html`<option value=${name}>${label}</option>`,
          )}
        </select>
      </label>
      <${Toggle} label=${gettext("Ask before each order")} value=${isAskedAlways} />
    </details>
  `;
}

/**
 * How an order rests in the book.
 *
 * @param {OptionsProps} props
 */
function Resting({ typed, form, market, errors, change }) {
  return html`
    <${Check}
      name="post_only"
      label=${gettext("Post only: never trade at once")}
      form=${form}
      change=${change}
    />
    ${
      form.post_only &&
      html`
        <${Check}
          name="reprice"
          label=${gettext("Move it behind the other side instead of refusing it")}
          form=${form}
          change=${change}
        />
      `
    }
    <${NumberField}
      name="display_quantity"
      typed=${typed}
      form=${form}
      market=${market}
      error=${errors.display_quantity}
      change=${change}
      hint=${gettext("of an iceberg")}
    />
  `;
}

/** @param {Form} form */
function summary(form) {
  const words = [TIMES[timeOf(form)]];
  if (TYPES[form.type].options.includes("post_only") && rests(form)) {
    if (form.post_only) words.push(gettext("post only"));
    if (form.display_quantity) words.push(gettext("iceberg"));
  }
  return listed(words);
}

/** @param {{ form: Form, error?: string, change: Change }} props */
function Expiry({ form, error, change }) {
  const id = idOf("expire_at");
  return html`
    <div class=${`field ${error ? "wrong" : ""}`}>
      <label for=${id}>${LABELS.expire_at}</label>
      <div class="input">
        <input
          id=${id}
          name="expire_at"
          type="datetime-local"
          value=${form.expire_at}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${`${id}-error`}
          onInput=${onValue((value) => change({ expire_at: value }))}
        />
      </div>
      <p class="field-error" id=${`${id}-error`} role="alert">${error}</p>
    </div>
  `;
}

/**
 * @param {{ name: "post_only" | "reprice", label: string, form: Form, change: Change }} props
 */
function Check({ name, label, form, change }) {
  return html`
    <label class="check">
      <input
        type="checkbox"
        name=${name}
        checked=${form[name]}
        onChange=${onChecked((isChecked) => change({ [name]: isChecked }))}
      />
      <span>${label}</span>
    </label>
  `;
}
