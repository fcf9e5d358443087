// Times of a day as a person reads them, in their time zone.

/** @type {Intl.DateTimeFormatOptions} */
const MOMENT = {
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
};
const WITHOUT_YEAR = new Intl.DateTimeFormat(undefined, MOMENT);
const WITH_YEAR = new Intl.DateTimeFormat(undefined, { ...MOMENT, year: "numeric" });

/** The time zone by which days and times are shown and asked for. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

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
