// Finding a market by what is typed. No input or output.

const SEPARATORS = /[^A-Z0-9]/g;

/**
 * The markets whose symbol has the words in it, however it is separated: first those that begin
 * with them.
 *
 * @template {{ symbol: string }} Item
 * @param {Item[]} markets
 * @param {string} words
 */
export function matching(markets, words) {
  const wanted = plain(words);
  const found = markets.filter(({ symbol }) => plain(symbol).includes(wanted));
  /** @param {Item} market */
  const begins = ({ symbol }) => Number(plain(symbol).startsWith(wanted));
  return found.sort((one, other) => begins(other) - begins(one));
}

/** @param {string} text */
function plain(text) {
  return text.toUpperCase().replace(SEPARATORS, "");
}
