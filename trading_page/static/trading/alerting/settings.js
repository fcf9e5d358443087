// Sounds and notifications in the settings.

import { alertsSound, areNotified, fillsSound } from "../alerts.js";
import { html, onChecked } from "../html.js";
import { tell } from "../notices.js";
import { gettext } from "../texts.js";
import { play } from "./sounds.js";

/**
 * @import { Signal } from "@preact/signals"
 * @import { SoundName } from "./sounds.js"
 */

export function SoundSettings() {
  return html`
    <fieldset>
      <legend>${gettext("Sounds and notifications")}</legend>
      <${Sound} label=${gettext("Sound of price alerts")} value=${alertsSound} name="alert" />
      <${Sound} label=${gettext("Sound of own trades")} value=${fillsSound} name="fill" />
      ${
        globalThis.Notification &&
        html`<${Check}
          label=${gettext("Price alerts as notifications of the system")}
          value=${areNotified}
          take=${wishNotifications}
        />`
      }
    </fieldset>
  `;
}

/**
 * It is heard at once: so one knows what it is, and the browser allows it from now on.
 *
 * @param {{ label: string, value: Signal<boolean>, name: SoundName }} props
 */
function Sound({ label, value, name }) {
  /** @param {boolean} isOn */
  const take = (isOn) => {
    value.value = isOn;
    if (isOn) play(name);
  };
  return html`<${Check} label=${label} value=${value} take=${take} />`;
}

/**
 * The system is asked for its permission; without it the setting stays off.
 *
 * @param {boolean} isOn
 */
async function wishNotifications(isOn) {
  areNotified.value = isOn;
  if (!isOn || (await Notification.requestPermission()) === "granted") return;
  areNotified.value = false;
  tell(
    gettext("This browser does not permit notifications of this page"),
    "error",
    "notifications",
  );
}

/** @param {{ label: string, value: Signal<boolean>, take: (isOn: boolean) => void }} props */
function Check({ label, value, take }) {
  return html`
    <label class="check">
      <input type="checkbox" checked=${value.value} onChange=${onChecked(take)} />
      <span>${label}</span>
    </label>
  `;
}
