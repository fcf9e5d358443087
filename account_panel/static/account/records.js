// A list of the account with what narrows it and its file: what order history, trades and ledger
// have in common.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Empty } from "#page/empty.js";
import { html } from "#page/html.js";
import { zone } from "#page/times.js";
import { markets } from "#page/store.js";
import { inspect } from "#page/table.js";
import { gettext } from "#page/texts.js";
import { Download } from "./download.js";
import { Feed } from "./feed.js";
import { FilterBar, Reset } from "./filterbar.js";
import { isNarrowed, queryOf } from "./filters.js";
import { List } from "./list.js";

/**
 * @import { ReadonlySignal, Signal } from "@preact/signals"
 * @import { ComponentChildren } from "preact"
 * @import { Happening, Source } from "./feed.js"
 * @import { Pick } from "./filterbar.js"
 * @import { Filters } from "./filters.js"
 * @import { Column } from "./list.js"
 */

/**
 * @template {Happening} Item
 * @typedef {{
 *   source: Source<Item>,
 *   filters: Signal<Filters>,
 *   picks: Pick[],
 *   news: ReadonlySignal<unknown>,
 *   label: string,
 *   columns: Column<Item>[],
 *   orderOf: (item: Item) => string | null,
 *   empty: ComponentChildren,
 * }} RecordsProps `news` changes whenever the list may have become longer.
 */

/**
 * @template {Happening} Item
 * @param {RecordsProps<Item>} props
 */
export function Records({ source, filters, picks, news, empty, orderOf, ...shown }) {
  const chosen = filters.value;
  const feed = useMemo(() => new Feed(source, queryOf(chosen, Date.now(), zone)), [chosen]);
  useEffect(() => () => feed.end(), [feed]);
  useSignalEffect(() => {
    void news.value;
    feed.follow();
  });
  /** @param {Item} item */
  const open = (item) => {
    const id = orderOf(item);
    if (id) inspect(id);
  };
  const nothing = isNarrowed(chosen) ? html`<${NoMatch} filters=${filters} />` : empty;
  return html`
    <${FilterBar} label=${gettext("Filters")} filters=${filters} picks=${picks}>
      <${Download} feed=${feed} />
    <//>
    <${List} key=${feed.key} feed=${feed} open=${open} nothing=${nothing} ...${shown} />
  `;
}

/** @param {{ filters: Signal<Filters> }} props */
function NoMatch({ filters }) {
  return html`
    <${Empty} title=${gettext("Nothing matches these filters")}>
      <${Reset} filters=${filters} />
    <//>
  `;
}

/** @returns {Pick} */
export function marketPick() {
  const names = markets.value.map(({ symbol }) => [symbol, symbol]);
  return {
    name: "symbol",
    label: gettext("Market"),
    all: gettext("All markets"),
    names: Object.fromEntries(names),
  };
}
