// A list that may be long: only rows near what is seen are in the document, further ones are read
// when it is scrolled to them, and what comes at its top moves nothing that is being read.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { html, rendered } from "#page/html.js";
import { grouped } from "#page/numbers.js";
import { isOfRow } from "#page/table.js";
import { gettext, ngettext } from "#page/texts.js";
import { View } from "./view.js";

/**
 * @import { ComponentChildren } from "preact"
 * @import { Feed, Happening } from "./feed.js"
 */

/**
 * @template Item
 * @typedef {{
 *   head: string,
 *   cell: (item: Item) => ComponentChildren,
 * }} Column
 */

/**
 * @template {Happening} Item
 * @typedef {{
 *   feed: Feed<Item>,
 *   label: string,
 *   columns: Column<Item>[],
 *   open: (item: Item) => void,
 *   nothing: ComponentChildren,
 * }} ListProps
 */

/**
 * @template {Happening} Item
 * @param {ListProps<Item>} props
 */
export function List({ feed, label, columns, open, nothing }) {
  void feed.changes.value; // followed
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const [view] = useState(() => new View());
  const [, again] = useState({});
  const { pieces, count } = feed.rows;
  const { first, last, above, below } = view.near(pieces, feed.rows.place);
  useEffect(
    () =>
      view.watch(
        rendered(root),
        () => again({}),
        () => feed.more(),
      ),
    [feed],
  );
  useLayoutEffect(() => view.settle(rendered(root)));
  if (feed.isWhole.value && count === 0) {
    return html`<div ref=${root} class="scroll">${nothing}</div>`;
  }
  const before = pieces.slice(0, first).reduce((sum, piece) => sum + piece.length, 0);
  let index = before + 2; // the head is the first row
  return html`
    <div ref=${root} class="scroll" tabindex="0" role="group" aria-label=${label}>
      <table aria-label=${label} aria-rowcount=${feed.isWhole.value ? count + 1 : -1}>
        <thead>
          <tr aria-rowindex="1">
            ${columns.map(({ head }) => html`<th scope="col">${head}</th>`)}
          </tr>
        </thead>
        <${Gap} key="above" height=${above} columns=${columns.length} />
        ${pieces.slice(first, last + 1).map((items) => {
          const from = index;
          index += items.length;
          const key = feed.rows.place(items[items.length - 1]);
          const part = { name: key, items, from, columns, open };
          return html`<${Piece} key=${key} ...${part} />`;
        })}
        <${Gap} key="below" height=${below} columns=${columns.length} />
      </table>
      <${End} feed=${feed} />
    </div>
  `;
}

/**
 * Where rows are not in the document.
 *
 * @param {{ height: number, columns: number }} props
 */
function Gap({ height, columns }) {
  return html`
    <tbody class="gap" aria-hidden="true">
      ${
        height > 0 &&
        html`<tr>
          <td colspan=${columns} style=${{ height: `${height}px` }}></td>
        </tr>`
      }
    </tbody>
  `;
}

/**
 * @template {Happening} Item
 * @param {Pick<ListProps<Item>, "columns" | "open">
 *   & { items: Item[], from: number, name: string }} props
 */
function Piece({ items, from, columns, open, name }) {
  return useMemo(
    () => html`
      <tbody data-piece=${name}>
        ${items.map(
          (item, index) => html`
            <tr
              key=${item.id}
              class="record"
              data-row=${item.id}
              aria-rowindex=${from + index}
              onClick=${(/** @type {MouseEvent} */ event) => isOfRow(event) && open(item)}
            >
              ${columns.map(({ head, cell }) => html`<td data-name=${head}>${cell(item)}</td>`)}
            </tr>
          `,
        )}
      </tbody>
    `,
    [items, from],
  );
}

/**
 * @template {Happening} Item
 * @param {{ feed: Feed<Item> }} props
 */
function End({ feed }) {
  void feed.changes.value;
  const { count } = feed.rows;
  const all = ngettext("That is all: {count} row", "That is all: {count} rows", count, {
    count: grouped(String(count)),
  });
  const state = feed.isWhole.value ? all : gettext("Reading…");
  return html`
    <p class="list-end" role="status">
      ${feed.problem.value ? html`<span role="alert">${feed.problem.value}</span>` : state}
    </p>
  `;
}
