// A market, its book and an account that the tests of the order form have in common.

import { BLANK } from "../../../../trading_page/static/trading/ticket.js";

/**
 * @import { Market } from "../../../../trading_page/static/trading/answers.d.ts"
 * @import { Sides } from "../../../../trading_page/static/trading/costs.js"
 * @import { Form } from "../../../../trading_page/static/trading/ticket.js"
 */

/** @type {Market} */
export const MARKET = {
  symbol: "BTC/USDT",
  base: "BTC",
  quote: "USDT",
  base_decimals: 8,
  quote_decimals: 8,
  tick_size: "0.01",
  lot_size: "0.00001",
  price_decimals: 2,
  quantity_decimals: 5,
  min_notional: "5",
  min_quantity: "0.00005",
  max_quantity: "1000",
  maker_fee_rate: "0.0008",
  taker_fee_rate: "0.001",
  price_band: "0.1",
  reference_price: "65000",
  max_open_orders: 0,
  max_stop_orders: 0,
  fee_tiers: [],
  trading_state: "continuous",
};
/** @type {Sides} */
export const BOOK = {
  bids: [["64990.00", "1.00000"]],
  asks: [
    ["65010.00", "1.00000"],
    ["65020.00", "2.00000"],
  ],
};

/**
 * What is typed and chosen, the rest blank.
 *
 * @param {Partial<Form>} fields
 */
export const form = (fields) => ({ ...BLANK, ...fields });
