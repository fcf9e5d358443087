// What the chart has to say about what was done on it, where one is looking, in full screen, too.

import { gettext } from "#page/texts.js";

const SHOWN_MS = 10_000;

export class Message {
  /** @param {HTMLElement} layer */
  constructor(layer) {
    this.element = layer.appendChild(document.createElement("p"));
    this.element.className = "chart-message";
    this.element.role = "alert";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {string} text */
  show(text) {
    clearTimeout(this.timer);
    this.element.replaceChildren(text, this.closer());
    this.timer = setTimeout(() => this.hide(), SHOWN_MS);
  }

  closer() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "close";
    button.ariaLabel = gettext("Dismiss");
    button.append("×");
    button.onclick = () => this.hide();
    return button;
  }

  hide() {
    clearTimeout(this.timer);
    this.element.replaceChildren();
  }

  end() {
    this.hide();
    this.element.remove();
  }
}
