// The list of markets with their prices: favourites, filters, columns to sort by.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { AlertsButton } from "./alerts.js";
import { html, onValue, rendered } from "./html.js";
import { isMarketsShown } from "./layout.js";
import { onAuxClick, opensElsewhere } from "./links.js";
import { compact, grouped } from "./numbers.js";
import { choice, preference } from "./preferences.js";
import {
  ALL,
  areFavourites,
  chosenOrder,
  FAVOURITES,
  filtered,
  keyOf,
  quotesOf,
  ranked,
  SORT_ORDERS,
  starred,
} from "./ranking.js";
import { matching } from "./search.js";
import { isListOpen, markets, page, symbol, ticker } from "./store.js";
import { Change } from "./summary.js";
import { gettext } from "./texts.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { SortKey } from "./ranking.js"
 */

const RANKED_EVERY_MS = 2_000;

const favourites = preference("favourites", /** @type {string[]} */ ([]), areFavourites);
const filter = preference("filter of markets", ALL, (found) => typeof found === "string");
const order = choice("order of markets", SORT_ORDERS);

/**
 * Shows another market without loading the page again.
 *
 * @param {string} wanted
 */
export function show(wanted) {
  if (wanted === symbol.peek()) return;
  symbol.value = wanted;
  history.pushState(null, "", addressOf(wanted));
}

/** @param {string} wanted */
function addressOf(wanted) {
  return `/trade/${wanted.replace("/", "-")}`;
}

/** @param {string} wanted */
function choose(wanted) {
  show(wanted);
  isListOpen.value = false;
}

export function Markets() {
  const [words, setWords] = useState("");
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  const all = useRanking(panel);
  const isSearched = words.trim() !== "";
  const stars = new Set(favourites.value);
  const found = isSearched ? matching(all, words) : filtered(all, filter.value, stars);
  /** @param {KeyboardEvent} event */
  const onSearch = (event) => {
    if (event.key === "ArrowDown") move(event, rendered(panel).querySelector("a"));
    if (event.key !== "Enter" || !isSearched || !found.length) return;
    choose(found[0].symbol);
    setWords("");
    /** @type {HTMLElement} */ (event.target).blur();
  };
  return html`
    <nav
      ref=${panel}
      class=${`panel markets ${isListOpen.value ? "open" : ""} by-${keyOf(order.value)}`}
      aria-label=${gettext("Markets")}
      id="markets"
      onKeyDown=${close}
    >
      <header class="panel-head">
        <h2>${gettext("Markets")}</h2>
        <input
          type="search"
          id="market-search"
          aria-label=${gettext("Find a market")}
          placeholder=${gettext("Find")}
          value=${words}
          onInput=${onValue(setWords)}
          onKeyDown=${onSearch}
        />
        <${AlertsButton} />
        <${Hide} />
      </header>
      <${Filters} />
      <${Columns} />
      <${List} found=${found} stars=${stars} isSearched=${isSearched} />
    </nav>
  `;
}

/**
 * All markets in the order that was chosen, as it was a moment ago: while somebody is at the list,
 * no row moves away from below the pointer or the focus.
 *
 * @param {{ current: HTMLElement | null }} panel
 */
function useRanking(panel) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (keyOf(order.peek()) === "name" || document.hidden) return;
      if (!rendered(panel).matches(":hover, :focus-within")) setTurn((count) => count + 1);
    }, RANKED_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const [known, by] = [markets.value, order.value];
  return useMemo(() => ranked(known, by, (name) => ticker(name).peek()), [known, by, turn]);
}

/** @param {KeyboardEvent} event */
function close(event) {
  if (event.key !== "Escape" || !isListOpen.value) return;
  isListOpen.value = false;
  /** @type {HTMLElement | null} */ (document.querySelector(".market-button"))?.focus();
}

/** Where the list has a place of its own, it can be left out, and opened when it is needed. */
function Hide() {
  const label = isMarketsShown.value ? gettext("Hide the list") : gettext("Keep the list open");
  const toggle = () => {
    isMarketsShown.value = !isMarketsShown.value;
    isListOpen.value = false;
  };
  return html`
    <button
      type="button"
      class="icon desk-only"
      title=${label}
      aria-label=${label}
      onClick=${toggle}
    >
      <span aria-hidden="true">${isMarketsShown.value ? "«" : "»"}</span>
    </button>
  `;
}

function Filters() {
  const quotes = quotesOf(markets.value);
  /** @type {[string, string, string][]} The filter, what it shows, and its name. */
  const filters = [
    [ALL, gettext("All"), gettext("All markets")],
    [FAVOURITES, "★", gettext("Favourites")],
    ...quotes.map((quote) => /** @type {[string, string, string]} */ ([quote, quote, quote])),
  ];
  const chosen = filters.some(([key]) => key === filter.value) ? filter.value : ALL;
  return html`
    <div class="filters" role="group" aria-label=${gettext("Which markets")}>
      ${filters.map(
        ([key, text, name]) => html`
          <button
            type="button"
            key=${key}
            aria-label=${name}
            title=${name}
            aria-pressed=${key === chosen}
            onClick=${() => (filter.value = key)}
          >
            ${text}
          </button>
        `,
      )}
    </div>
  `;
}

/** The heads of the columns, each of which sorts. */
function Columns() {
  /** @type {[SortKey, string][]} */
  const columns = [
    ["name", gettext("Market")],
    ["last", gettext("Last")],
    ["change", gettext("24 h")],
    ["volume", gettext("Volume")],
  ];
  return html`
    <div class="columns" role="group" aria-label=${gettext("Sort by")}>
      ${columns.map(([key, text]) => html`<${Column} key=${key} name=${key} text=${text} />`)}
    </div>
  `;
}

/** @param {{ name: SortKey, text: string }} props */
function Column({ name, text }) {
  const isChosen = keyOf(order.value) === name;
  const isUp = order.value === name;
  const title = isUp ? gettext("Sorted upwards") : gettext("Sorted downwards");
  return html`
    <button
      type="button"
      class=${name}
      aria-pressed=${isChosen}
      title=${isChosen ? title : undefined}
      onClick=${() => (order.value = chosenOrder(order.peek(), name))}
    >
      ${text}${
        isChosen &&
        html`<i aria-hidden="true"> ${isUp ? "▲" : "▼"}</i><span class="unseen">, ${title}</span>`
      }
    </button>
  `;
}

/** @param {{ found: Market[], stars: ReadonlySet<string>, isSearched: boolean }} props */
function List({ found, stars, isSearched }) {
  if (!found.length) return html`<p class="nothing"><${Nothing} isSearched=${isSearched} /></p>`;
  const isThere = found.some((market) => market.symbol === symbol.value);
  const entrance = isThere ? symbol.value : found[0].symbol;
  return html`
    <ul class=${isSearched ? "searched" : ""} onKeyDown=${onArrow}>
      ${found.map(
        ({ symbol: name }) => html`
          <${Row}
            key=${name}
            symbol=${name}
            isFavourite=${stars.has(name)}
            isEntrance=${name === entrance}
          />
        `,
      )}
    </ul>
  `;
}

/** @param {{ isSearched: boolean }} props */
function Nothing({ isSearched }) {
  if (!markets.value.length) {
    return page.symbol
      ? gettext("The markets are being read…")
      : gettext("There are no markets yet: staff add them in the back office");
  }
  if (isSearched) return gettext("No market has this in its name");
  return gettext("No favourites yet: the star beside a market makes it one");
}

/**
 * Arrow keys go through the list, which is one stop of the Tab key, and to a row's star.
 *
 * @param {KeyboardEvent} event
 */
function onArrow(event) {
  const row = /** @type {HTMLElement} */ (event.target).closest("li");
  const part = /** @type {HTMLElement} */ (event.target).localName;
  /** @type {Record<string, Element | null | undefined>} */
  const places = {
    ArrowDown: row?.nextElementSibling?.querySelector(part),
    ArrowUp: row?.previousElementSibling?.querySelector(part) ?? searchField(),
    ArrowLeft: row?.querySelector("button"),
    ArrowRight: row?.querySelector("a"),
    Home: row?.parentElement?.firstElementChild?.querySelector(part),
    End: row?.parentElement?.lastElementChild?.querySelector(part),
  };
  if (event.key in places) move(event, places[event.key]);
}

function searchField() {
  return document.getElementById("market-search");
}

/**
 * @param {KeyboardEvent} event
 * @param {Element | null | undefined} to
 */
function move(event, to) {
  event.preventDefault();
  /** @type {HTMLElement | null | undefined} */ (to)?.focus();
}

/** @param {{ symbol: string, isFavourite: boolean, isEntrance: boolean }} props */
function Row({ symbol: name, isFavourite, isEntrance }) {
  const known = ticker(name).value;
  const [base, quote] = name.split("/");
  /** @param {MouseEvent} event */
  const go = (event) => {
    if (opensElsewhere(event)) return;
    event.preventDefault();
    choose(name);
  };
  const place = isEntrance ? 0 : -1;
  const volume = known?.last ? `${compact(known.quote_volume)} ${quote}` : "–";
  return html`
    <li>
      <button
        type="button"
        class="star"
        tabindex=${place}
        aria-pressed=${isFavourite}
        aria-label=${gettext("{market} is a favourite", { market: name })}
        onClick=${() => (favourites.value = starred(favourites.peek(), name))}
      >
        <span aria-hidden="true">${isFavourite ? "★" : "☆"}</span>
      </button>
      <a
        href=${addressOf(name)}
        tabindex=${place}
        aria-current=${name === symbol.value ? "page" : undefined}
        onClick=${go}
        onAuxClick=${onAuxClick}
      >
        <span class="name"><b>${base}</b><small>/${quote}</small></span>
        <span class="last num">${known?.last ? grouped(known.last) : "–"}</span>
        <${Change} percent=${known?.change_percent} />
        <span class="volume num">${volume}</span>
      </a>
    </li>
  `;
}
