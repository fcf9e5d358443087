// What the account has bought or sold on balance, by market, and at which average price.

import { signal } from "@preact/signals";

/**
 * @import { Order } from "./answers.d.ts"
 * @typedef {{ side: Order["side"], quantity: string, average: string }} Entry
 */

export const entries = signal(/** @type {Map<string, Entry>} */ (new Map()));
