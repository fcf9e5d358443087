// Finding a market by what is typed. No input or output.

import { quotesOf } from "./ranking.js";

const SEPARATORS = /[^A-Z0-9]/g;

/**
 * The markets whose symbol has the words in it, however it is separated: first those that begin
 * with them, and of these the ones in the quote assets of most markets.
 *
 * @template {{ symbol: string, quote: string }} Item
 * @param {Item[]} markets
 * @param {string} words
 */
export function matching(markets, words) {
  const wanted = plain(words);
  const found = markets.filter(({ symbol }) => plain(symbol).includes(wanted));
  /** @param {Item} market */
  const begins = ({ symbol }) => Number(plain(symbol).startsWith(wanted));
  const quotes = quotesOf(markets);
  /** @param {Item} market */
  const place = ({ quote }) => quotes.indexOf(quote);
  return found.sort((one, other) => begins(other) - begins(one) || place(one) - place(other));
}

/** @param {string} text */
function plain(text) {
  return text.toUpperCase().replace(SEPARATORS, "");
}
