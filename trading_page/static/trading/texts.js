// What a person reads, in the language of the page. English is written where it is shown and is the
// key of all other languages. No input or output.

import { direction, language, plural, texts } from "#texts";

export { language };

/** @typedef {Record<string, string | number>} Values */

const isMirrored = direction === "rtl";

/**
 * A text, with `{name}` filled in.
 *
 * @param {string} english
 * @param {Values} [values]
 */
export function gettext(english, values) {
  return filled(String(texts[english] ?? english), values);
}

/**
 * A text about so many things; `{count}` is filled in, too.
 *
 * @param {string} one
 * @param {string} many
 * @param {number} count
 * @param {Values} [values]
 */
export function ngettext(one, many, count, values) {
  const forms = texts[one] ?? [one, many];
  return filled(forms[plural(count)], { count, ...values });
}

/**
 * A number with its unit or sign as one word: where writing goes from right to left, its parts do
 * not change places.
 *
 * @param {string} text
 */
export function isolated(text) {
  return isMirrored ? `\u2068${text}\u2069` : text;
}

/**
 * What was copied from the page, without the signs that keep its parts in their order.
 *
 * @param {string} text
 */
export function unmarked(text) {
  return text.replace(/[\u200e\u200f\u2066-\u2069]/g, "");
}

/**
 * An amount of an asset: "10,000.00 USDT".
 *
 * @param {string} amount
 * @param {string} asset
 */
export function amountOf(amount, asset) {
  return isolated(`${amount} ${asset}`);
}

const lists = new Intl.ListFormat(language, { style: "short", type: "unit" });

/**
 * Words one after the other, as the language separates them.
 *
 * @param {string[]} words
 */
export function listed(words) {
  return lists.format(words);
}

/**
 * A text, got before, with `{name}` filled in.
 *
 * @param {string} pattern
 * @param {Values} [values]
 */
export function filled(pattern, values) {
  if (!values) return pattern;
  return pattern.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? isolated(String(values[name])) : whole,
  );
}
