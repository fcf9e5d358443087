// Times as people see and type them: in the language of the page and in the time zone of the
// visitor, or another one that was chosen. No input or output.

import { gettext } from "./texts.js";

const page = globalThis.document?.documentElement;

/**
 * The languages in which times are written: the browser's own form of the page's language, such as
 * that of Mexico, if it has one.
 */
const locales = [...(globalThis.navigator?.languages ?? []), "en"].filter(
  (tag) => tag.split("-")[0] === (page?.lang || "en"),
);

/** The time zone that was chosen; undefined stands for the browser's own. */
export const chosenZone = known(page?.dataset.timeZone);

/**
 * A format of times in the page's language and time zone.
 *
 * @param {Intl.DateTimeFormatOptions} options
 */
export function timeFormat(options) {
  const locale = locales[0] ?? page?.lang ?? "en";
  return new Intl.DateTimeFormat(locale, {
    timeZone: chosenZone,
    numberingSystem: "latn",
    calendar: "gregory",
    ...options,
  });
}

/** Which time zone the times of the page are in. */
export function zoneNote() {
  return chosenZone
    ? gettext("Times are in {zone}", { zone: named(chosenZone) })
    : gettext("Times are in your time zone");
}

/**
 * The name of a time zone as it is read: "America/New York".
 *
 * @param {string} zone
 */
export function named(zone) {
  return zone.replaceAll("_", " ");
}

/**
 * A time zone that the browser knows; undefined of another one.
 *
 * @param {string | undefined} zone
 */
export function known(zone) {
  try {
    return zone && new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * The moment at which clocks of a time zone show this time, such as "2026-03-29T14:30"; null of one
 * that is none. Of an hour that clocks show twice it is the first, of one that they leave out it is
 * as long after the gap.
 *
 * @param {string} text
 * @param {string | undefined} zone
 */
export function momentOf(text, zone = chosenZone) {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return null;
  // The offset before the time and after it: clocks are changed less often than once in two days.
  const [before, after] = [-1, 1].map((days) => offsetAt(shown + days * DAY_MS, zone));
  const fits = [before, after].find((offset) => offsetAt(shown - offset, zone) === offset);
  return new Date(shown - (fits ?? before));
}

const DAY_MS = 86_400_000;

/**
 * By how much clocks of a time zone are ahead of UTC.
 *
 * @param {number} moment
 * @param {string | undefined} zone
 */
function offsetAt(moment, zone) {
  const format = new Intl.DateTimeFormat("en-u-hc-h23", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  /** @type {Partial<Record<Intl.DateTimeFormatPartTypes, string>>} */
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    format.formatToParts(moment).map(({ type, value }) => [type, value]),
  );
  const shown = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return shown - Math.floor(moment / 1_000) * 1_000;
}
