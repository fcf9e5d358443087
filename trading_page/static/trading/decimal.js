// Money, prices and quantities without floats: a number is a BigInt of its smallest units, at a
// number of decimals. No input or output.

const PLAIN = /^(\d*)(?:\.(\d*))?$/;

/**
 * "1.25" at 4 decimals is 12500n. Null when it is no plain decimal number or has more decimals than
 * fit.
 *
 * @param {string | null | undefined} text
 * @param {number} decimals
 */
export function toUnits(text, decimals) {
  const match = PLAIN.exec(String(text ?? "").trim());
  if (!match || (!match[1] && !match[2])) return null;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) return null;
  return BigInt((match[1] || "0") + fraction.padEnd(decimals, "0"));
}

/**
 * "1.25" at 4 decimals is 12500n, where the exchange itself sent the text or it was checked before.
 *
 * @param {string} text
 * @param {number} decimals
 */
export function exactUnits(text, decimals) {
  const units = toUnits(text, decimals);
  if (units === null) throw new Error(`"${text}" is no number of at most ${decimals} decimals`);
  return units;
}

/**
 * 12500n at 4 decimals is "1.2500".
 *
 * @param {bigint} units
 * @param {number} decimals
 */
export function toText(units, decimals) {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, "0");
  return decimals
    ? `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
    : sign + digits;
}

/**
 * The same without zeros at the end.
 *
 * @param {bigint} units
 * @param {number} decimals
 */
export function toShortText(units, decimals) {
  return short(toText(units, decimals));
}

/**
 * A number without zeros at the end of its fraction.
 *
 * @param {string} text
 */
export function short(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * With how many decimals a number is written.
 *
 * @param {string} text
 */
export function shownDecimals(text) {
  return (String(text).split(".")[1] ?? "").length;
}

/**
 * A number rounded to so many decimals, halves up.
 *
 * @param {string} text
 * @param {number} decimals
 */
export function roundedText(text, decimals) {
  const finer = Math.max(shownDecimals(text) - decimals, 0);
  const unit = 10n ** BigInt(finer);
  const units = exactUnits(text, decimals + finer) + unit / 2n;
  return toText(units / unit, decimals);
}

/**
 * @param {bigint} units
 * @param {bigint} step
 */
export function floorTo(units, step) {
  return step > 0n ? units - (units % step) : units;
}

/**
 * @param {bigint} units
 * @param {bigint} step
 */
export function ceilTo(units, step) {
  const floor = floorTo(units, step);
  return floor === units ? units : floor + step;
}

/**
 * units x numerator / denominator, rounded up: what a fee or a hold costs.
 *
 * @param {bigint} units
 * @param {bigint} numerator
 * @param {bigint} denominator
 */
export function shareUp(units, numerator, denominator) {
  return (units * numerator + denominator - 1n) / denominator;
}

/**
 * Units at other decimals, cut where these are fewer.
 *
 * @param {bigint} units
 * @param {number} from
 * @param {number} to
 */
export function rescale(units, from, to) {
  return to >= from ? units * 10n ** BigInt(to - from) : units / 10n ** BigInt(from - to);
}
