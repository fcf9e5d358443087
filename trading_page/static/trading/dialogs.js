// The dialogs. What is in one is loaded when it is opened first.

import { useEffect, useRef, useState } from "preact/hooks";
import { html, rendered } from "./html.js";
import { tellUnloaded } from "./notices.js";
import { dialog } from "./store.js";
import { gettext } from "./texts.js";

/**
 * @import { ComponentType } from "preact"
 * @import { DialogName } from "./store.js"
 */

/** @typedef {() => Promise<ComponentType>} Loader */

/** @type {Record<DialogName, Loader>} */
const CONTENTS = {
  amend: async () => (await import("#charting/amendment.js")).AmendmentQuestion,
  alerts: async () => (await import("./alerting/dialog.js")).Alerts,
  confirm: async () => (await import("./confirm.js")).Confirmation,
  help: async () => (await import("./dialogs/help.js")).Help,
  order: async () => (await import("#account/details.js")).OrderDetails,
  login: async () => (await import("./dialogs/login.js")).Login,
  settings: async () => (await import("./dialogs/settings.js")).Settings,
};

/**
 * A modal dialog: the browser keeps the focus inside and gives it back at the end. It is shown when
 * its content is there, so that the focus can go to where one begins.
 *
 * @param {{ name: DialogName, title: string }} props
 */
function Dialog({ name, title }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [Content, setContent] = useState(/** @type {ComponentType | null} */ (null));
  const isOpen = dialog.value === name;
  useEffect(() => {
    if (isOpen && !Content) load(name).then((found) => setContent(() => found));
  }, [isOpen]);
  useEffect(() => {
    const shown = rendered(element);
    if (isOpen && Content && !shown.open) shown.showModal();
    if (!isOpen && shown.open) shown.close();
  }, [isOpen, Content]);
  return html`
    <dialog
      ref=${element}
      aria-labelledby=${`${name}-title`}
      onClose=${() => dialog.value === name && (dialog.value = "")}
    >
      <header>
        <h2 id=${`${name}-title`}>${title}</h2>
        <button
          type="button"
          class="close"
          aria-label=${gettext("Close")}
          onClick=${() => (dialog.value = "")}
        >
          ×
        </button>
      </header>
      ${isOpen && Content && html`<${Content} />`}
    </dialog>
  `;
}

/**
 * Loads what is in a dialog. Where that fails, the dialog is not opened, and the page says so.
 *
 * @param {DialogName} name
 */
async function load(name) {
  try {
    return await CONTENTS[name]();
  } catch {
    dialog.value = "";
    tellUnloaded();
    return null;
  }
}

export function Dialogs() {
  return html`
    <${Dialog} name="login" title=${gettext("Log in")} />
    <${Dialog} name="help" title=${gettext("Keyboard")} />
    <${Dialog} name="settings" title=${gettext("Settings")} />
    <${Dialog} name="alerts" title=${gettext("Price alerts")} />
    <${Dialog} name="order" title=${gettext("Order")} />
    <${Dialog} name="confirm" title=${gettext("Send this order?")} />
    <${Dialog} name="amend" title=${gettext("Move this order?")} />
  `;
}
