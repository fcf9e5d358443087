// The further instructions of an order: how long, and how it may trade.

import { html, onChecked, onValue } from "./html.js";
import { LABELS, PREVENTIONS, rests, timeOf, TIMES, TYPES } from "./ticket.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Change } from "./form.js"
 * @import { Form, Texts } from "./ticket.js"
 */

/** @typedef {{ form: Form, market: Market, errors: Texts, change: Change }} OptionsProps */

// What opens them, when the exchange refuses it.
const NAMES = ["expire_at", "display_quantity"];

/** @param {OptionsProps} props */
export function Options({ form, market, errors, change }) {
  const type = TYPES[form.type];
  const time = timeOf(form);
  /** @param {Form["time_in_force"]} value */
  const chooseTime = (value) => change({ time_in_force: value });
  /** @param {Form["self_trade_prevention"]} value */
  const choosePrevention = (value) => change({ self_trade_prevention: value });
  const isUsed = Object.keys(errors).some((name) => NAMES.includes(name));
  return html`
    <details class="options" open=${isUsed || undefined}>
      <summary>More: ${summary(form)}</summary>
      <label class="field">
        <span>${LABELS.time_in_force}</span>
        <select name="time_in_force" value=${time} onChange=${onValue(chooseTime)}>
          ${type.times.map((name) => html`<option value=${name}>${TIMES[name]}</option>`)}
        </select>
      </label>
      ${
        time === "gtd" &&
        html`
          <${Text}
            name="expire_at"
            type="datetime-local"
            form=${form}
            error=${errors.expire_at}
            change=${change}
          />
        `
      }
      ${
        type.options.includes("post_only") &&
        rests(form) &&
        html`<${Resting} form=${form} market=${market} errors=${errors} change=${change} />`
      }
      <label class="field">
        <span>If it met an own order</span>
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
    </details>
  `;
}

/**
 * How an order rests in the book.
 *
 * @param {OptionsProps} props
 */
function Resting({ form, market, errors, change }) {
  return html`
    <${Check}
      name="post_only"
      label="Post only: never trade at once"
      form=${form}
      change=${change}
    />
    ${
      form.post_only &&
      html`
        <${Check}
          name="reprice"
          label="Move it behind the other side instead of refusing it"
          form=${form}
          change=${change}
        />
      `
    }
    <${Text}
      name="display_quantity"
      type="text"
      form=${form}
      error=${errors.display_quantity}
      change=${change}
      hint=${`Iceberg: what the book shows, in ${market.base}`}
    />
  `;
}

/** @param {Form} form */
function summary(form) {
  const words = [TIMES[timeOf(form)]];
  if (TYPES[form.type].options.includes("post_only") && rests(form)) {
    if (form.post_only) words.push("post only");
    if (form.display_quantity) words.push("iceberg");
  }
  return words.join(", ");
}

/**
 * @param {{
 *   name: "expire_at" | "display_quantity",
 *   type: "text" | "datetime-local",
 *   form: Form,
 *   error?: string,
 *   change: Change,
 *   hint?: string,
 * }} props
 */
function Text({ name, type, form, error, change, hint }) {
  const id = `order-${name}`;
  return html`
    <div class=${`field ${error ? "wrong" : ""}`}>
      <label for=${id}>${LABELS[name]}${hint && html`<small> ${hint}</small>`}</label>
      <div class="input">
        <input
          id=${id}
          name=${name}
          type=${type}
          inputmode=${type === "text" ? "decimal" : undefined}
          value=${form[name]}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${`${id}-error`}
          onInput=${onValue((value) => change({ [name]: value }))}
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
