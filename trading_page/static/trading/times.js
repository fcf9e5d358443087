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

/** The time zone of the computer. */
export const ownZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const chosenZone = known(page?.dataset.timeZone);
/** The time zone of the page: the one that was chosen, or the computer's. */
export const zone = chosenZone || ownZone;

/**
 * A format of times in the page's language and time zone. Clocks show 24 hours.
 *
 * @param {Intl.DateTimeFormatOptions} options
 */
export function timeFormat(options) {
  return new Intl.DateTimeFormat(locales[0] ?? page?.lang ?? "en", {
    timeZone: zone,
    numberingSystem: "latn",
    calendar: "gregory",
    hourCycle: "h23",
    ...options,
  });
}

const CLOCK = timeFormat({ hour: "2-digit", minute: "2-digit" });
const DAY = timeFormat({ month: "short", day: "numeric" });
const DAY_OF_UTC = timeFormat({ month: "short", day: "numeric", timeZone: "UTC" });

/**
 * A mark on an axis of time: the day where it begins, else the clock. Of candles of whole days, which
 * are days of UTC, it is the day.
 *
 * @param {number} moment
 * @param {boolean} isOfDays
 */
export function markOf(moment, isOfDays) {
  if (isOfDays) return DAY_OF_UTC.format(moment);
  const clock = CLOCK.format(moment);
  return clock === "00:00" ? DAY.format(moment) : clock;
}

/** Which time zone the times of the page are in. */
export function zoneNote() {
  return chosenZone
    ? gettext("Times are in {zone}", { zone: named(zone) })
    : gettext("Times are in your time zone");
}

/**
 * The name of a time zone as it is read: "America/New York".
 *
 * @param {string} name
 */
export function named(name) {
  return name.replaceAll("_", " ");
}

/**
 * A time zone that the browser knows; undefined of another one.
 *
 * @param {string | undefined} name
 */
export function known(name) {
  try {
    return name && new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
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
 * @param {string} at The time zone.
 */
export function momentOf(text, at = zone) {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return null;
  // The offset before the time and after it: clocks are changed less often than once in two days.
  const [before, after] = [-1, 1].map((days) => offsetAt(shown + days * DAY_MS, at));
  const fits = [before, after].find((offset) => offsetAt(shown - offset, at) === offset);
  return new Date(shown - (fits ?? before));
}

const DAY_MS = 86_400_000;

/**
 * By how much clocks of a time zone are ahead of UTC.
 *
 * @param {number} moment
 * @param {string} at The time zone.
 */
function offsetAt(moment, at) {
  const format = new Intl.DateTimeFormat("en-u-hc-h23", {
    timeZone: at,
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
