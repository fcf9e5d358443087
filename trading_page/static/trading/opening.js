// What the page asks the exchange for before its modules are all there: nothing is shown without the
// markets.

import { call } from "./api.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 */

/**
 * All markets; null when they could not be read.
 *
 * @returns {Promise<Answer<Market[]> | null>}
 */
export function readMarkets() {
  return call("GET", "/markets?limit=1000").catch(() => null);
}

export const firstMarkets = readMarkets();
