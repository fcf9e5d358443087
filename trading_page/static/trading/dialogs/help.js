// The help: what keys do.

import { html } from "../html.js";
import { SHORTCUTS } from "../keys.js";
import { gettext } from "../texts.js";

export function Help() {
  return html`
    <div class="help">
      <table>
        <tbody>
          ${SHORTCUTS.map(
            ({ keys, text }) => html`
              <tr>
                <th scope="row">${keys.map((key) => html`<kbd>${key}</kbd> `)}</th>
                <td>${text}</td>
              </tr>
            `,
          )}
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd></th>
            <td>${gettext("In the book: choose a price and take it into the form")}</td>
          </tr>
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd></th>
            <td>${gettext("In a price or an amount: one step up or down")}</td>
          </tr>
          <tr>
            <th scope="row"><kbd>←</kbd> <kbd>→</kbd></th>
            <td>${gettext("Between tabs")}</td>
          </tr>
        </tbody>
      </table>
    </div>
  `;
}
