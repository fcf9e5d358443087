// A side of the book as it is shown: levels added up to price steps, with running totals. No input or output.

import { ceilTo, floorTo, toUnits } from "./decimal.js";

/**
 * The best `count` levels of a side as `{price, volume, total}` in smallest units. With a step bids are rounded down and
 * asks up, so a level says what is there at its price or better.
 */
export function sideLevels(levels, { count, step, isAsk, priceDecimals, quantityDecimals }) {
  const shown = [];
  let total = 0n;
  for (const [priceText, volumeText] of levels) {
    const exact = toUnits(priceText, priceDecimals);
    const price = isAsk ? ceilTo(exact, step) : floorTo(exact, step);
    const volume = toUnits(volumeText, quantityDecimals);
    const last = shown[shown.length - 1];
    if (last?.price === price) {
      last.volume += volume;
      last.total = total += volume;
    } else {
      if (shown.length === count) break;
      total += volume;
      shown.push({ price, volume, total });
    }
  }
  return shown;
}

/** The price steps to choose from, as texts: the tick, and multiples of it by powers of ten. */
export function steps(market) {
  const tick = toUnits(market.tick_size, market.price_decimals);
  return [1n, 10n, 100n, 1_000n, 10_000n].map((factor) => tick * factor);
}

/**
 * What a market order meets in the book: `{cost, quantity, worst}` in units of price x quantity, of quantity, of price.
 * It ends with the quantity wanted, or with the budget, or with the book (`isWhole` is false then).
 */
export function sweep(
  levels,
  { quantity = null, budget = null, priceDecimals, quantityDecimals, lot },
) {
  let cost = 0n;
  let taken = 0n;
  let worst = null;
  for (const [priceText, volumeText] of levels) {
    const price = toUnits(priceText, priceDecimals);
    let volume = toUnits(volumeText, quantityDecimals);
    if (quantity !== null && volume > quantity - taken) volume = quantity - taken;
    if (budget !== null && volume * price > budget - cost)
      volume = floorTo((budget - cost) / price, lot);
    if (volume <= 0n) return { cost, quantity: taken, worst, isWhole: true };
    cost += volume * price;
    taken += volume;
    worst = price;
  }
  return { cost, quantity: taken, worst, isWhole: quantity !== null && taken === quantity };
}
