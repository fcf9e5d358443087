// The rules of the notices: how many there are, which stay, and that each matter has one. No input
// or output.

/**
 * `part` is what went half as wished; `keep` is to be kept by the reader.
 *
 * @typedef {"info" | "done" | "part" | "error" | "keep"} NoteKind
 */
/**
 * What is told. Of one key, such as an order's id, there is one: it says what is newest.
 *
 * @typedef {{ key: string, text: string, kind: NoteKind }} Note
 */

const NOTES_MAX = 3;
/** @type {Record<NoteKind, number>} For how long it is shown; 0 is until it is dismissed. */
const SHOWN_MS = { info: 6_000, done: 6_000, part: 20_000, error: 0, keep: 0 };

/** @param {Note} note */
export function shownMs({ kind }) {
  return SHOWN_MS[kind];
}

/**
 * The notices with one more, or with one that says something else. If there are too many, the
 * oldest makes room; one that stays does so only for others that stay.
 *
 * @param {Note[]} notes
 * @param {Note} note
 */
export function posted(notes, note) {
  if (notes.some(({ key }) => key === note.key)) {
    return notes.map((one) => (one.key === note.key ? note : one));
  }
  const shown = [...notes, note];
  if (shown.length > NOTES_MAX) {
    const passing = shown.findIndex((one) => shownMs(one) > 0);
    shown.splice(Math.max(0, passing), 1);
  }
  return shown;
}
