// What is typed into the order form, and what it means. No input or output.

import { exactUnits, floorTo, rescale, toShortText, toText, toUnits } from "./decimal.js";
import { grouped, padded, style } from "./numbers.js";
import { gettext, isolated } from "./texts.js";
import {
  BLANK,
  hasTotal,
  isMoney,
  NUMBER_NAMES,
  PRICE_NAMES,
  stepOf,
  UNREADABLE,
} from "./ticket.js";

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
 * own, which are those that it had when it was left. Of amount and total the one follows that was
 * not typed last.
 *
 * @param {Typed} before
 * @param {Partial<Typed>} fields
 * @param {Market} market
 * @returns {Typed}
 */
export function changed(before, fields, market) {
  const sizedBy = "total" in fields ? "total" : "quantity" in fields ? "quantity" : before.sizedBy;
  return sized({ ...moved(before, fields), sizedBy }, market);
}

/**
 * @param {Typed} typed
 * @param {Market} market
 * @returns {Typed}
 */
function sized(typed, market) {
  const form = formOf(typed);
  if (!hasTotal(form)) return { ...typed, sizedBy: "quantity", total: "" };
  const price = toUnits(form.price, market.price_decimals);
  const fine = market.price_decimals + market.quantity_decimals;
  if (typed.sizedBy === "total") {
    const total = toUnits(form.total, market.quote_decimals);
    const units = price && total !== null && rescale(total, market.quote_decimals, fine) / price;
    return {
      ...typed,
      ...typedOf({ quantity: typeof units === "bigint" ? inLots(units, market) : "" }),
    };
  }
  const quantity = toUnits(form.quantity, market.quantity_decimals);
  const total = price && quantity && rescale(price * quantity, fine, market.quote_decimals);
  return {
    ...typed,
    ...typedOf({ total: total ? toShortText(total, market.quote_decimals) : "" }),
  };
}

/**
 * As many whole lots as there are.
 *
 * @param {bigint} units
 * @param {Market} market
 */
function inLots(units, { lot_size: lot, quantity_decimals: decimals }) {
  return toText(floorTo(units, exactUnits(lot, decimals)), decimals);
}

/**
 * The form after some fields were changed, each by itself.
 *
 * @param {Typed} before
 * @param {Partial<Typed>} fields
 * @returns {Typed}
 */
function moved(before, fields) {
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
  if (plain === UNREADABLE) return gettext("not clear");
  if (name === "trailing_percent") return isolated(`= ${grouped(plain)} %`);
  const { decimals, asset } = stepOf(name, market);
  return isolated(`= ${padded(plain, isMoney(name) ? NEAT : decimals)} ${asset}`);
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
