// Times of a day as a person reads them, in their time zone.

import { timeFormat } from "./times.js";

/** @type {Intl.DateTimeFormatOptions} */
const MOMENT = {
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
};
const WITHOUT_YEAR = timeFormat(MOMENT);
const WITH_YEAR = timeFormat({ ...MOMENT, year: "numeric" });

/**
 * A moment to the second, with its year when that is not this one.
 *
 * @param {string} time
 */
export function timeText(time) {
  const at = new Date(time);
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  return (isThisYear ? WITHOUT_YEAR : WITH_YEAR).format(at);
}
