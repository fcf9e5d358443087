// Periods as a person means them, by days in a time zone. A day is a text such as "2026-03-29".
// No input or output.

import { timeFormat } from "#page/times.js";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const ZONES_MS = 15 * 60 * MINUTE_MS; // no zone is further from UTC

/** @typedef {"" | "today" | "week" | "month" | "days"} PeriodName "" is all of time. */
/** @typedef {{ period: PeriodName, first: string, last: string }} Period The days are for "days". */
/** @typedef {{ from?: string, to?: string }} Bounds Instants; `to` is not part of it any more. */

/** @type {Partial<Record<PeriodName, number>>} How many days back the first one is. */
const DAYS_BACK = { today: 0, week: 6, month: 29 };

/** @type {Map<string, Intl.DateTimeFormat>} By zone. */
const formats = new Map();

/**
 * The day of an instant.
 *
 * @param {number} instant in ms
 * @param {string} zone such as "Europe/Berlin"
 */
export function dayOf(instant, zone) {
  const known = formats.get(zone) ?? dayFormat(zone);
  formats.set(zone, known);
  const parts = new Map(known.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
}

/** @param {string} zone */
function dayFormat(zone) {
  return timeFormat({ timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
}

/**
 * The first instant of a day, in ms. Days have 23 or 25 hours where clocks are changed, some do not
 * begin at midnight, and one that a zone has left out begins with the next.
 *
 * @param {string} day
 * @param {string} zone
 */
export function startOfDay(day, zone) {
  const middle = Date.parse(`${day}T00:00:00Z`);
  let [before, from] = [(middle - ZONES_MS) / MINUTE_MS, (middle + ZONES_MS) / MINUTE_MS];
  while (from - before > 1) {
    const between = Math.floor((before + from) / 2);
    if (dayOf(between * MINUTE_MS, zone) < day) before = between;
    else from = between;
  }
  return from * MINUTE_MS;
}

/**
 * The day so many days later.
 *
 * @param {string} day
 * @param {number} by
 */
export function shifted(day, by) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The bounds of a period as the exchange takes them.
 *
 * @param {Period} period
 * @param {number} now in ms
 * @param {string} zone
 * @returns {Bounds}
 */
export function boundsOf({ period, first, last }, now, zone) {
  const back = DAYS_BACK[period];
  if (back !== undefined) return { from: startText(shifted(dayOf(now, zone), -back), zone) };
  if (period !== "days") return {};
  const [from, to] = first && last && first > last ? [last, first] : [first, last];
  return {
    ...(from && { from: startText(from, zone) }),
    ...(to && { to: startText(shifted(to, 1), zone) }),
  };
}

/**
 * @param {string} day
 * @param {string} zone
 */
function startText(day, zone) {
  return new Date(startOfDay(day, zone)).toISOString();
}
