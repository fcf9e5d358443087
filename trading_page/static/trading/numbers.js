// Numbers as people see and type them, by the page's language. What the page writes it reads again,
// and nothing else: "10,000.5" in English is 10000.5, and "1,5" is no number. A plain number is one
// as the exchange has it, such as "10000.5". No input or output.

import { gettext, unmarked } from "./texts.js";

/** @type {Record<string, string>} */
const NAMES = {
  ",": gettext("a comma"),
  ".": gettext("a point"),
  "'": gettext("an apostrophe"),
  "’": gettext("an apostrophe"),
};
const SPACES = /\s/g; // the narrow and the unbreakable are among them
const APOSTROPHES = /['’]/g;
const DIGITS = /^\d*$/;

/** How a language separates thousands and decimals. */
export class NumberStyle {
  /** @param {string} locale */
  constructor(locale) {
    const parts = new Intl.NumberFormat(locale, { numberingSystem: "latn" }).formatToParts(
      123456789012.5,
    );
    const sizes = parts.filter(({ type }) => type === "integer").map(({ value }) => value.length);
    this.group = parts.find(({ type }) => type === "group")?.value ?? "";
    this.decimal = parts.find(({ type }) => type === "decimal")?.value ?? ".";
    // In India the last three digits are a group, and before them every two.
    const [last, other] = [sizes.at(-1), sizes.at(-2)];
    this.borders = new RegExp(`\\B(?=(?:\\d{${other}})*\\d{${last}}(?!\\d))`, "g");
  }

  /**
   * A plain number as it is shown: "1234567.5" as "1,234,567.5".
   *
   * @param {string} plain
   */
  write(plain) {
    const [whole, fraction] = plain.split(".");
    const separated = this.separated(whole);
    return fraction === undefined ? separated : `${separated}${this.decimal}${fraction}`;
  }

  /**
   * A plain number as it is typed, without groups.
   *
   * @param {string} plain
   */
  typed(plain) {
    return plain.replace(".", this.decimal);
  }

  /**
   * What was typed as a plain number; null when it is none, or its groups are not those that would
   * be written.
   *
   * @param {string} text
   */
  read(text) {
    const [whole, fraction = "", ...rest] = this.unified(unmarked(text).trim()).split(this.decimal);
    const digits = this.group ? whole.replaceAll(this.group, "") : whole;
    const isGrouped = whole !== digits;
    if (isGrouped && whole !== this.separated(digits.replace(/^0+(?=\d)/, ""))) return null;
    if (rest.length || !DIGITS.test(digits) || !DIGITS.test(fraction)) return null;
    if (!digits && !fraction) return null;
    return fraction ? `${digits || "0"}.${fraction}` : digits;
  }

  /** How numbers are typed, in words. */
  get rule() {
    return gettext(
      "A number such as {example}: {group} separates thousands, {decimal} the decimals",
      {
        example: this.write("10000.5"),
        group: nameOf(this.group),
        decimal: nameOf(this.decimal),
      },
    );
  }

  /** @param {string} digits */
  separated(digits) {
    return this.group ? digits.replace(this.borders, this.group) : digits;
  }

  /**
   * Keyboards have one space and one apostrophe, languages write several.
   *
   * @param {string} text
   */
  unified(text) {
    if (!this.group.trim()) return text.replace(SPACES, this.group);
    return /['’]/.test(this.group) ? text.replace(APOSTROPHES, this.group) : text;
  }
}

/** @param {string} separator */
function nameOf(separator) {
  return NAMES[separator] ?? (separator.trim() ? separator : gettext("a space"));
}

/**
 * Languages that stand for the ways of writing numbers: 1,234.5, 1.234,5, 1 234,5 and 1’234.5. A
 * person may choose one of them; otherwise it is the page's own.
 */
export const NUMBER_STYLES = /** @type {const} */ (["en", "de", "fr", "de-CH"]);
const page = globalThis.document?.documentElement;
const chosen = NUMBER_STYLES.find((locale) => locale === page?.dataset.numbers);

/** How this page has numbers. */
export const style = new NumberStyle(chosen ?? (page?.lang || "en"));

/**
 * "1234567.5" as "1,234,567.5".
 *
 * @param {string} plain
 */
export function grouped(plain) {
  return style.write(plain);
}

/**
 * An amount at a glance: "100,000.00", "0.00012345". What is a thousand and more is cut to two
 * decimals.
 *
 * @param {string} plain
 */
export function neat(plain) {
  const [whole, fraction = ""] = plain.split(".");
  const kept = whole.length > 3 ? fraction.slice(0, 2) : fraction.replace(/0+$/, "");
  return grouped(`${whole}.${kept.padEnd(2, "0")}`);
}

/**
 * A number with at least so many decimals: "7" with 2 is "7.00".
 *
 * @param {string} plain
 * @param {number} decimals
 */
export function padded(plain, decimals) {
  const [whole, fraction = ""] = plain.split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(decimals, "0");
  const digits = whole.replace(/^0+(?=\d)/, "") || "0";
  return grouped(kept ? `${digits}.${kept}` : digits);
}

const UNITS = /** @type {const} */ ([
  [9, "B"],
  [6, "M"],
  [3, "K"],
]);

/**
 * A large amount in a few digits, for people only: "12.3K". Cut, not rounded.
 *
 * @param {string} plain
 * @param {number} decimals
 */
export function compact(plain, decimals = 2) {
  const [whole, fraction = ""] = plain.split(".");
  const [digits, unit] = UNITS.find(([size]) => whole.length > size) ?? [0, ""];
  const place = whole.length - digits;
  return grouped(cut(whole.slice(0, place), whole.slice(place) + fraction, decimals)) + unit;
}

/**
 * An amount in at most `room` characters: with fewer decimals, or else in thousands, millions or
 * billions. Cut, not rounded, but never to nothing.
 *
 * @param {string} plain
 * @param {number} room
 */
export function fitted(plain, room) {
  const [whole, fraction = ""] = plain.split(".");
  const left = room - grouped(whole).length;
  if (left < 0) return [2, 1].map((count) => compact(plain, count)).find(fits) ?? compact(plain, 0);
  const shown = cut(whole, fraction, Math.max(0, left - 1));
  const isNothing = !/[1-9]/.test(shown) && /[1-9]/.test(plain);
  return isNothing
    ? `<${grouped(`0.${"1".padStart(Math.max(1, room - 3), "0")}`)}`
    : grouped(shown);

  /** @param {string} text */
  function fits(text) {
    return text.length <= room;
  }
}

/**
 * @param {string} whole
 * @param {string} fraction
 * @param {number} decimals
 */
function cut(whole, fraction, decimals) {
  const kept = fraction.slice(0, decimals);
  return kept ? `${whole}.${kept}` : whole;
}
