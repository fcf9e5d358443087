// Amounts of trades and entries as they are shown. No input or output.

import { exactUnits, toShortText } from "#page/decimal.js";
import { grouped } from "#page/numbers.js";
import { LIMIT_DECIMALS } from "#page/ticket.js";

/**
 * Price x quantity.
 *
 * @param {{ price: string, quantity: string }} trade
 */
export function costOf({ price, quantity }) {
  const product = exactUnits(price, LIMIT_DECIMALS) * exactUnits(quantity, LIMIT_DECIMALS);
  return toShortText(product, 2 * LIMIT_DECIMALS);
}

/**
 * An amount with its sign, which colour alone would not tell.
 *
 * @param {string} plain
 */
export function signed(plain) {
  return plain.startsWith("-") ? `−${grouped(plain.slice(1))}` : `+${grouped(plain)}`;
}
