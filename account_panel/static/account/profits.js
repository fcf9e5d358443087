// Profit and loss as texts. No input or output.

import { grouped } from "#page/numbers.js";

const SIGN = /^-/;

/**
 * A number at a glance: with two decimals from a thousand on, else with four; what is below 1 keeps
 * `most`. Cut, without zeros at the end beyond two decimals.
 *
 * @param {string} plain
 * @param {number} [most]
 */
export function glance(plain, most = 8) {
  const [whole, fraction = ""] = plain.split(".");
  const size = whole.replace(SIGN, "").length;
  const isSmall = /^-?0$/.test(whole);
  const decimals = isSmall ? most : size > 3 ? 2 : 4;
  const kept = fraction.slice(0, decimals).replace(/0+$/, "").padEnd(2, "0");
  return `${whole}.${kept}`;
}

/**
 * A profit with its sign, and the direction that colours it: "+1,250.50" is up, "−3.00" down, and
 * "0.00" neither.
 *
 * @param {string} amount
 * @returns {{ text: string, direction: "up" | "down" | "" }}
 */
export function signed(amount) {
  const size = grouped(glance(amount.replace(SIGN, "")));
  if (!/[1-9]/.test(amount)) return { text: size, direction: "" };
  return SIGN.test(amount)
    ? { text: `−${size}`, direction: "down" }
    : { text: `+${size}`, direction: "up" };
}
