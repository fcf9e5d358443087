// What a person reads, in the language of the page. English is written where it is shown and is the
// key of all other languages. No input or output.

/** @typedef {Record<string, string | number>} Values */

/**
 * A text, with `{name}` filled in.
 *
 * @param {string} english
 * @param {Values} [values]
 */
export function gettext(english, values) {
  return filled(english, values);
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
  return filled(count === 1 ? one : many, { count, ...values });
}

/**
 * @param {string} pattern
 * @param {Values} [values]
 */
function filled(pattern, values) {
  if (!values) return pattern;
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
