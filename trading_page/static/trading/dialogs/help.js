// The help: what keys do.

import { html } from "../html.js";
import { SHORTCUTS } from "../keys.js";

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
            <td>In the book: choose a price and take it into the form</td>
          </tr>
          <tr>
            <th scope="row"><kbd>↑</kbd> <kbd>↓</kbd></th>
            <td>In a price or an amount: one step up or down</td>
          </tr>
          <tr>
            <th scope="row"><kbd>←</kbd> <kbd>→</kbd></th>
            <td>Between tabs</td>
          </tr>
        </tbody>
      </table>
    </div>
  `;
}
