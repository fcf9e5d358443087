// What is typed into the order form, and what it means. No input or output.

import { exactUnits, toShortText, toUnits } from "./decimal.js";
import { grouped, padded, style } from "./numbers.js";
import { BLANK, NUMBER_NAMES, PRICE_NAMES, stepOf, UNREADABLE } from "./ticket.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { NumberStyle } from "./numbers.js"
 * @import { Form, NumberName } from "./ticket.js"
 */

/**
 * The same fields with numbers as they are typed, in the page's language; and the prices that were
 * typed for other sides and types.
 *
 * @typedef {Form & { drafts: Record<string, Partial<Form>> }} Typed
 */

/**
 * What an empty form shows.
 *
 * @type {Typed}
 */
export const EMPTY = { ...BLANK, drafts: {} };
const NEAT = 2; // decimals of money at least

/**
 * The form after some fields were changed. Prices belong to a side and a type: another one has its
 * own, which are those that it had when it was left.
 *
 * @param {Typed} before
 * @param {Partial<Typed>} fields
 * @returns {Typed}
 */
export function changed(before, fields) {
  const after = { ...before, ...fields };
  const [left, entered] = [before, after].map(({ side, type }) => `${side} ${type}`);
  if (left === entered) return after;
  const drafts = { ...before.drafts, [left]: pricesOf(before) };
  return { ...after, ...pricesOf(EMPTY), ...drafts[entered], ...pricesOf(fields), drafts };
}

/** @param {Partial<Form>} fields */
function pricesOf(fields) {
  const names = PRICE_NAMES.filter((name) => name in fields);
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

/**
 * The form with plain numbers; what is none is UNREADABLE.
 *
 * @param {Typed} typed
 * @param {NumberStyle} [as]
 * @returns {Form}
 */
export function formOf(typed, as) {
  const numbers = NUMBER_NAMES.map((name) => [name, plainOf(typed[name], as)]);
  return { ...typed, ...Object.fromEntries(numbers) };
}

/**
 * What was typed as a plain number, "" if nothing was, UNREADABLE if it is no number.
 *
 * @param {string} text
 * @param {NumberStyle} as
 */
export function plainOf(text, as = style) {
  return text.trim() === "" ? "" : (as.read(text) ?? UNREADABLE);
}

/**
 * Fields of a form with plain numbers, as a person would have typed them.
 *
 * @template {Partial<Form>} Fields
 * @param {Fields} fields
 * @returns {Fields}
 */
export function typedOf(fields) {
  const names = NUMBER_NAMES.filter((name) => name in fields);
  const numbers = names.map((name) => [name, style.typed(fields[name] ?? "")]);
  return { ...fields, ...Object.fromEntries(numbers) };
}

/**
 * What is understood of a number, in the page's words: "= 10,000.00 USDT"; "" of an empty field.
 *
 * @param {NumberName} name
 * @param {string} plain
 * @param {Market} market
 */
export function understood(name, plain, market) {
  if (plain === "") return "";
  if (plain === UNREADABLE) return "not clear";
  if (name === "trailing_percent") return `= ${grouped(plain)} %`;
  const { decimals, asset } = stepOf(name, market);
  return `= ${padded(plain, name === "quote_quantity" ? NEAT : decimals)} ${asset}`;
}

/**
 * A number moved by so many of its smallest steps; null below zero, and of what is no number.
 *
 * @param {string} plain
 * @param {bigint} by
 * @param {NumberName} name
 * @param {Market} market
 */
export function stepped(plain, by, name, market) {
  if (plain === UNREADABLE) return null;
  const { decimals, step } = stepOf(name, market);
  const units = (toUnits(plain, decimals) ?? 0n) + by * exactUnits(step, decimals);
  return units >= 0n ? toShortText(units, decimals) : null;
}
