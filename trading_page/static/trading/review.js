// What a person should know of an order before it is sent: what it costs, how the book bears it, and
// what is unusual about it. No input or output.

import { meeting, preview, spentOf } from "./costs.js";
import { exactUnits, toText, toUnits } from "./decimal.js";
import { grouped, neat } from "./numbers.js";
import { asked } from "./reports.js";
import { amountOf, filled, gettext, isolated } from "./texts.js";
import { isByBudget, rests, timeOf, TYPES } from "./ticket.js";

/**
 * @import { Market } from "./answers.d.ts"
 * @import { Sides } from "./costs.js"
 * @import { Form } from "./ticket.js"
 */

/**
 * The order in words, `lines` of names and texts, and what to beware of. An order that is unusual is
 * asked about whatever the setting is.
 *
 * @typedef {{
 *   order: string,
 *   lines: [name: string, text: string][],
 *   warnings: string[],
 *   isUnusual: boolean,
 * }} Review
 */
/** @typedef {NonNullable<ReturnType<typeof meeting>>} Met */

const PERCENT = 10_000n; // of a price, at two decimals
// In hundredths of a percent: from where a slippage and a limit beyond the market are unusual, and a
// limit before it is worth a word.
const SLIPPAGE_MAX = 100n;
const BEYOND_MAX = 300n;
const BEFORE_MAX = 500n;

/**
 * Reviews an order whose numbers have no problem.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 * @param {string | null} last The last price.
 * @returns {Review}
 */
export function reviewOf(form, market, book, last) {
  const met = form.post_only && rests(form) ? null : meeting(form, market, book, last);
  const isTaking = met !== null && (form.type === "market" || !rests(form) || met.quantity > 0n);
  /** @type {Review} */
  const review = { order: inWords(form, market), lines: [], warnings: [], isUnusual: false };
  const found = preview(form, market, book, last);
  if (found) {
    const amount = amountOf(neat(found.total), market.quote);
    const total = found.isEstimate ? gettext("about {amount}", { amount }) : amount;
    review.lines.push([gettext("Total"), total]);
    review.lines.push([gettext("Fee at most"), amountOf(neat(found.fee), market.quote)]);
  }
  if (isTaking) addTaking(review, met, form, market);
  addDistance(review, form, market, book, last);
  return review;
}

/**
 * @param {Form} form
 * @param {Market} market
 */
function inWords(form, market) {
  const isPriced = TYPES[form.type].fields.includes("price");
  const { label } = TYPES[form.type];
  const order = asked({
    side: form.side,
    symbol: market.symbol,
    quantity: isByBudget(form) ? null : form.quantity,
    quote_quantity: form.quote_quantity,
    price: isPriced ? form.price : null,
  });
  return form.type === "limit" || form.type === "market"
    ? order
    : gettext("{type}: {order}", { type: label, order });
}

/**
 * @param {Review} review
 * @param {Met} met
 * @param {Form} form
 * @param {Market} market
 */
function addTaking(review, met, form, market) {
  const { base, price_decimals: decimals } = market;
  const { lines } = review;
  if (met.best !== null && met.worst !== null) {
    const average = (met.cost + met.quantity / 2n) / met.quantity;
    const amount = amountOf(grouped(toText(met.quantity, market.quantity_decimals)), base);
    const price = grouped(toText(average, decimals));
    lines.push([gettext("At once"), gettext("{amount} at about {price}", { amount, price })]);
    lines.push([gettext("Worst price"), grouped(toText(met.worst, decimals))]);
    const slippage = distance(average, met.best);
    const values = { percent: percent(slippage) };
    lines.push([gettext("Slippage"), gettext("{percent} from the best price", values)]);
    if (slippage >= SLIPPAGE_MAX) {
      warn(review, gettext("On average it trades {percent} beyond the best price.", values));
    }
  }
  if (!met.isWhole) addRest(review, met, form, market);
}

/**
 * What an order does not find now.
 *
 * @param {Review} review
 * @param {Met} met
 * @param {Form} form
 * @param {Market} market
 */
function addRest(review, met, form, market) {
  const rest = isByBudget(form) ? unspent(met, form, market) : unfilled(met, form, market);
  if (form.type !== "market" && rests(form)) {
    review.lines.push([gettext("Into the book"), rest]);
    return;
  }
  review.lines.push([gettext("Not filled"), rest]);
  const isNone = timeOf(form) === "fok";
  warn(
    review,
    isNone
      ? gettext("It cannot be filled whole, so nothing of it will be.")
      : gettext("The book has no more in reach: {rest} will not be filled.", { rest }),
  );
}

/**
 * @param {Met} met
 * @param {Form} form
 * @param {Market} market
 */
function unfilled(met, form, { base, quantity_decimals: decimals }) {
  const rest = exactUnits(form.quantity, decimals) - met.quantity;
  return amountOf(grouped(toText(rest, decimals)), base);
}

/**
 * @param {Met} met
 * @param {Form} form
 * @param {Market} market
 */
function unspent(met, form, market) {
  const { quote, quote_decimals: decimals } = market;
  const rest = exactUnits(form.quote_quantity, decimals) - spentOf(met.cost, market);
  return amountOf(neat(toText(rest, decimals)), quote);
}

/**
 * How far its price or its trigger is from the market. Beyond the other side's best price, it is
 * easily a slip.
 *
 * @param {Review} review
 * @param {Form} form
 * @param {Market} market
 * @param {Sides} book
 * @param {string | null} last
 */
function addDistance(review, form, market, book, last) {
  const { fields } = TYPES[form.type];
  const isBuy = form.side === "buy";
  /** @param {string | null | undefined} text */
  const units = (text) => toUnits(text, market.price_decimals);
  const trigger = fields.includes("stop_price") ? units(form.stop_price) : null;
  const lastUnits = units(last);
  if (trigger && lastUnits) {
    review.lines.push([gettext("Trigger"), from(trigger, lastUnits, "last")]);
  }
  const price = fields.includes("price") && !trigger ? units(form.price) : null;
  const best = units((isBuy ? book.asks : book.bids)[0]?.[0]);
  const other = best ?? lastUnits;
  if (!price || !other) return;
  const text = from(price, other, !best ? "last" : isBuy ? "ask" : "bid");
  review.lines.push([gettext("Price"), text]);
  const isBeyond = isBuy ? price > other : price < other;
  if (distance(price, other) < (isBeyond ? BEYOND_MAX : BEFORE_MAX)) return;
  const values = { distance: text };
  if (isBeyond) {
    warn(review, gettext("Its price is far beyond the market: {distance}.", values));
  } else {
    review.warnings.push(gettext("Its price is far from the market: {distance}.", values));
  }
}

/**
 * Says what is unusual.
 *
 * @param {Review} review
 * @param {string} text
 */
function warn(review, text) {
  review.warnings.push(text);
  review.isUnusual = true;
}

const PLACES = {
  ask: {
    at: gettext("at the best ask"),
    above: gettext("{percent} above the best ask"),
    below: gettext("{percent} below the best ask"),
  },
  bid: {
    at: gettext("at the best bid"),
    above: gettext("{percent} above the best bid"),
    below: gettext("{percent} below the best bid"),
  },
  last: {
    at: gettext("at the last price"),
    above: gettext("{percent} above the last price"),
    below: gettext("{percent} below the last price"),
  },
};

/**
 * Where a price is, seen from another one.
 *
 * @param {bigint} price
 * @param {bigint} other
 * @param {keyof typeof PLACES} name Of the other.
 */
function from(price, other, name) {
  const { at, above, below } = PLACES[name];
  if (price === other) return at;
  return filled(price > other ? above : below, { percent: percent(distance(price, other)) });
}

/**
 * In hundredths of a percent of the second.
 *
 * @param {bigint} price
 * @param {bigint} other
 */
function distance(price, other) {
  const apart = price > other ? price - other : other - price;
  return (apart * PERCENT + other / 2n) / other;
}

/** @param {bigint} hundredths */
function percent(hundredths) {
  return isolated(`${grouped(toText(hundredths, 2))} %`);
}
