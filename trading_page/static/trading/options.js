// The further instructions of an order: how long, and how it may trade.

import { html } from "./html.js";
import { LABELS, PREVENTIONS, rests, timeOf, TIMES, TYPES } from "./ticket.js";

export function Options({ form, market, errors, change }) {
  const type = TYPES[form.type];
  const time = timeOf(form);
  const isUsed = Object.keys(errors).some((name) =>
    ["expire_at", "display_quantity", "post_only"].includes(name),
  );
  return html`
    <details class="options" open=${isUsed || undefined}>
      <summary>More: ${summary(form)}</summary>
      <label class="field">
        <span>${LABELS.time_in_force}</span>
        <select
          name="time_in_force"
          value=${time}
          onChange=${(event) => change({ time_in_force: event.target.value })}
        >
          ${type.times.map((name) => html`<option value=${name}>${TIMES[name]}</option>`)}
        </select>
      </label>
      ${time === "gtd" && html`<${Text} name="expire_at" type="datetime-local" form=${form} error=${errors.expire_at} change=${change} />`}
      ${
        type.options.includes("post_only") &&
        rests(form) &&
        html`
          <${Check}
            name="post_only"
            label="Post only: never trade at once"
            form=${form}
            change=${change}
          />
          ${form.post_only && html`<${Check} name="reprice" label="Move it behind the other side instead of refusing it" form=${form} change=${change} />`}
          <${Text}
            name="display_quantity"
            type="text"
            form=${form}
            error=${errors.display_quantity}
            change=${change}
            hint=${`Iceberg: what the book shows, in ${market.base}`}
          />
        `
      }
      <label class="field">
        <span>If it met an own order</span>
        <select
          name="self_trade_prevention"
          value=${form.self_trade_prevention}
          onChange=${(event) => change({ self_trade_prevention: event.target.value })}
        >
          ${Object.entries(PREVENTIONS).map(([name, label]) => html`<option value=${name}>${label}</option>`)}
        </select>
      </label>
    </details>
  `;
}

function summary(form) {
  const words = [TIMES[timeOf(form)]];
  if (TYPES[form.type].options.includes("post_only") && rests(form)) {
    if (form.post_only) words.push("post only");
    if (form.display_quantity) words.push("iceberg");
  }
  return words.join(", ");
}

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
          onInput=${(event) => change({ [name]: event.target.value })}
        />
      </div>
      <p class="field-error" id=${`${id}-error`} role="alert">${error}</p>
    </div>
  `;
}

function Check({ name, label, form, change }) {
  return html`
    <label class="check">
      <input
        type="checkbox"
        name=${name}
        checked=${form[name]}
        onChange=${(event) => change({ [name]: event.target.checked })}
      />
      <span>${label}</span>
    </label>
  `;
}
