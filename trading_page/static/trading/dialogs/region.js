// Language, numbers and times of the page. All of them are taken up when it is loaded: what a person
// chooses here loads it again.

import { useRef } from "preact/hooks";
import { reload } from "../draft.js";
import { html, onValue, rendered } from "../html.js";
import { NUMBER_STYLES, NumberStyle } from "../numbers.js";
import { choice, preference } from "../preferences.js";
import { page } from "../store.js";
import { gettext, language } from "../texts.js";
import { known, named, ownZone } from "../times.js";

const YEAR_S = 31_536_000;
// `early.js` reads both before anything is shown.
const numbers = choice("numbers", /** @type {const} */ (["", ...NUMBER_STYLES]));
const timeZone = preference("time zone", "", (found) => typeof found === "string");

export function Region() {
  return html`
    <fieldset>
      <legend>${gettext("Language and region")}</legend>
      <label class="field">
        <span>${gettext("Language")}</span>
        <select name="language" value=${language} onChange=${onValue(chooseLanguage)}>
          ${Object.entries(languages()).map(
            ([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`,
          )}
        </select>
      </label>
      <label class="field">
        <span>${gettext("Numbers")}</span>
        <select name="numbers" value=${numbers.value} onChange=${onValue(chooseNumbers)}>
          ${["", ...NUMBER_STYLES].map(
            (locale) => html`<option value=${locale}>${numbersAs(locale)}</option>`,
          )}
        </select>
      </label>
      <${TimeZone} />
    </fieldset>
  `;
}

/** @returns {Record<string, string>} The languages' own names, by their codes. */
function languages() {
  return JSON.parse(page.languages ?? "{}");
}

/** @param {string} code */
function chooseLanguage(code) {
  document.cookie = `language=${code}; path=/; max-age=${YEAR_S}; samesite=lax`;
  reload();
}

/** @param {typeof numbers.value} locale */
function chooseNumbers(locale) {
  numbers.value = locale;
  reload();
}

/** @param {string} locale */
function numbersAs(locale) {
  const example = new NumberStyle(locale || language).write("1234.5");
  return locale ? example : gettext("As the language has them: {example}", { example });
}

function TimeZone() {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  /** @param {string} text */
  const choose = (text) => {
    const zone = text.trim() && known(text.trim().replaceAll(" ", "_"));
    const problem = zone === undefined ? gettext("There is no such time zone") : "";
    rendered(field).setCustomValidity(problem);
    rendered(field).reportValidity();
    if (zone === undefined || zone === timeZone.value) return;
    timeZone.value = zone;
    reload();
  };
  return html`
    <label class="field">
      <span>${gettext("Time zone")}</span>
      <input
        ref=${field}
        name="time-zone"
        list="time-zones"
        value=${named(timeZone.value)}
        placeholder=${gettext("The computer's: {zone}", { zone: named(ownZone) })}
        onInput=${() => rendered(field).setCustomValidity("")}
        onChange=${onValue(choose)}
      />
    </label>
    <datalist id="time-zones">
      <option value="UTC"></option>
      ${Intl.supportedValuesOf("timeZone").map((zone) => html`<option value=${named(zone)}></option>`)}
    </datalist>
  `;
}
