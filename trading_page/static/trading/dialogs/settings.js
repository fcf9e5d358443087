// The settings dialog: everything that a person sets for themselves.

import { SoundSettings } from "../alerting/settings.js";
import { isAskedAlways } from "../options.js";
import { Choice, Toggle } from "../controls.js";
import { html } from "../html.js";
import { shortcutsAreOn } from "../keys.js";
import { isAccountShown, isMarketsShown, isTapeShown, resetLayout } from "../layout.js";
import { gettext } from "../texts.js";
import { theme } from "../theme.js";
import { Region } from "./region.js";

export function Settings() {
  return html`
    <div class="settings">
      <fieldset>
        <legend>${gettext("Display")}</legend>
        <${Choice} label=${gettext("Theme")} value=${theme} names=${themeNames()} />
      </fieldset>
      <${Region} />
      <fieldset>
        <legend>${gettext("Orders")}</legend>
        <${Toggle} label=${gettext("Ask before each order")} value=${isAskedAlways} />
      </fieldset>
      <fieldset>
        <legend>${gettext("Panels of a wide screen")}</legend>
        <${Toggle} label=${gettext("List of markets")} value=${isMarketsShown} />
        <${Toggle} label=${gettext("Trades")} value=${isTapeShown} />
        <${Toggle} label=${gettext("Account")} value=${isAccountShown} />
        <button type="button" onClick=${resetLayout}>${gettext("Reset the layout")}</button>
      </fieldset>
      <${SoundSettings} />
      <fieldset>
        <legend>${gettext("Keyboard")}</legend>
        <${Toggle} label=${gettext("Single keys are shortcuts")} value=${shortcutsAreOn} />
      </fieldset>
    </div>
  `;
}

/** @returns {Record<typeof theme.value, string>} */
function themeNames() {
  return {
    system: gettext("As the system has it"),
    light: gettext("Light"),
    dark: gettext("Dark"),
  };
}
