// Money, prices and quantities without floats: a number is a BigInt of its smallest units, at a
// number of decimals.

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
 * "1234567.5" as "1,234,567.5".
 *
 * @param {string} text
 */
export function grouped(text) {
  const [whole, fraction] = String(text).split(".");
  const separated = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}

/**
 * An amount at a glance: "100,000.00", "0.00012345". What is a thousand and more is cut to two
 * decimals.
 *
 * @param {string} text
 */
export function neat(text) {
  const [whole, fraction = ""] = String(text).split(".");
  const kept = whole.length > 3 ? fraction.slice(0, 2) : fraction.replace(/0+$/, "");
  return grouped(`${whole}.${kept.padEnd(2, "0")}`);
}

/**
 * A large amount in a few digits, for people only: "12.3K". Cut, not rounded.
 *
 * @param {string} text
 */
export function compact(text) {
  const [whole, fraction = ""] = String(text).split(".");
  const [digits, unit] =
    whole.length > 9
      ? [9, "B"]
      : whole.length > 6
        ? [6, "M"]
        : whole.length > 3
          ? [3, "K"]
          : [0, ""];
  if (!unit) return fraction ? `${whole}.${fraction.slice(0, 2)}` : whole;
  return `${whole.slice(0, -digits)}.${whole.slice(-digits).slice(0, 2)}${unit}`;
}
