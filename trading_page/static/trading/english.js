// What the module of another language has instead (#texts in the import map). English is written
// where it is shown. No input or output.

export const language = "en";

/** @type {string} Of the writing: ltr or rtl. */
export const direction = "ltr";

/**
 * Which of the forms of a text is that for so many things.
 *
 * @param {number} count
 */
export const plural = (count) => Number(count !== 1);

/** @type {Record<string, string | string[]>} By their English; one in several forms is a list. */
export const texts = {};
