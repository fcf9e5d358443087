// Own orders and the average entry as lines of a chart, and what moving one asks for. No input or
// output.

import { grouped, neat } from "#page/numbers.js";
import { gettext } from "#page/texts.js";
import { BLANK } from "#page/ticket.js";

/**
 * @import { Order } from "#page/answers.d.ts"
 * @import { Entry } from "#page/positions.js"
 * @import { Form } from "#page/ticket.js"
 */

/** @typedef {"price" | "stop_price"} Field What of an order a line shows. */
/** @typedef {"order" | "stop" | "profit" | "trailing" | "limit" | "entry"} LineKind */
/**
 * A line: of an order, which it may be able to move, or of the average entry.
 *
 * @typedef {{
 *   key: string,
 *   kind: LineKind,
 *   side: Order["side"],
 *   amount: string,
 *   price: string,
 *   field: Field | null,
 *   order: Order | null,
 * }} Line
 */

export const LINES_MAX = 40;

/**
 * The lines of a market: all of them, or those that are nearest to the last price.
 *
 * @param {Order[]} orders
 * @param {string} symbol
 * @param {Entry | undefined} entry
 * @param {string | null} last
 */
export function linesOf(orders, symbol, entry, last) {
  const lines = orders.filter((order) => order.symbol === symbol).flatMap(orderLines);
  const kept = lines.length > LINES_MAX && last ? nearest(lines, Number(last)) : lines;
  return entry ? [...kept.slice(0, LINES_MAX), entryLine(entry)] : kept.slice(0, LINES_MAX);
}

/**
 * @param {Line[]} lines
 * @param {number} last
 */
function nearest(lines, last) {
  /** @param {Line} line */
  const away = ({ price }) => Math.abs(Number(price) - last);
  return [...lines].sort((one, other) => away(one) - away(other));
}

/**
 * An order that waits for its trigger has a line for it, and one for its limit.
 *
 * @param {Order} order
 * @returns {Line[]}
 */
function orderLines(order) {
  const kind = kindOf(order);
  const isTriggered = order.status !== "pending" || order.stop_price === null;
  const lines = isTriggered ? [] : [orderLine(order, kind, "stop_price")];
  if (order.price === null) return lines;
  return [...lines, orderLine(order, isTriggered ? kind : "limit", "price")];
}

/**
 * @param {Order} order
 * @returns {LineKind}
 */
function kindOf(order) {
  if (order.type === "trailing_stop") return "trailing";
  const isProfit = order.group_role === "take_profit" || order.type.startsWith("take_profit");
  if (isProfit && order.status === "pending") return "profit";
  return order.status === "pending" && order.stop_price !== null ? "stop" : "order";
}

/**
 * @param {Order} order
 * @param {LineKind} kind
 * @param {Field} field
 * @returns {Line}
 */
function orderLine(order, kind, field) {
  return {
    key: `${order.id} ${field}`,
    kind,
    side: order.side,
    amount: amountOf(order),
    price: order[field] ?? "0",
    field: kind === "trailing" ? null : field, // the market moves it
    order,
  };
}

/**
 * @param {Entry} entry
 * @returns {Line}
 */
function entryLine({ side, quantity, average }) {
  const amount = grouped(quantity);
  return { key: "entry", kind: "entry", side, amount, price: average, field: null, order: null };
}

/** @param {Order} order */
function amountOf({ remaining_quantity: rest, quote_quantity: budget, fee_asset: quote }) {
  return rest === null ? `${neat(budget ?? "0")} ${quote}` : grouped(rest);
}

/**
 * A line in words.
 *
 * @param {Line} line
 * @param {string} plain Its price, or where it is moved to.
 */
export function lineText({ kind, side, amount }, plain) {
  const values = { amount, price: grouped(plain) };
  const isBuy = side === "buy";
  const texts = {
    order: () =>
      isBuy
        ? gettext("Buy {amount} at {price}", values)
        : gettext("Sell {amount} at {price}", values),
    profit: () =>
      isBuy
        ? gettext("Take profit: buy {amount} at {price}", values)
        : gettext("Take profit: sell {amount} at {price}", values),
    stop: () =>
      isBuy
        ? gettext("Stop: buy {amount} at {price}", values)
        : gettext("Stop: sell {amount} at {price}", values),
    limit: () =>
      isBuy
        ? gettext("Limit: buy {amount} at {price}", values)
        : gettext("Limit: sell {amount} at {price}", values),
    trailing: () =>
      isBuy
        ? gettext("Trailing stop: buy {amount} at {price}", values)
        : gettext("Trailing stop: sell {amount} at {price}", values),
    entry: () =>
      isBuy
        ? gettext("Bought {amount} at {price} on average", values)
        : gettext("Sold {amount} at {price} on average", values),
  };
  return texts[kind]();
}

/**
 * The rest of an order as the form would ask for it at another price: so the same is said of it.
 *
 * @param {Order} order
 * @param {Field} field
 * @param {string} price
 * @returns {Form}
 */
export function amendedForm(order, field, price) {
  return {
    ...BLANK,
    side: order.side,
    type: order.type,
    sizeBy: order.quantity === null ? "quote_quantity" : "quantity",
    time_in_force: order.time_in_force,
    post_only: order.post_only,
    reprice: order.reprice,
    quantity: order.remaining_quantity ?? "",
    quote_quantity: order.quote_quantity ?? "",
    price: order.price ?? "",
    stop_price: order.stop_price ?? "",
    [field]: price,
  };
}

/**
 * In which column each label stands so that none covers another of its column; the ys ascend.
 *
 * @param {number[]} ys
 * @param {number} height Of a label.
 */
export function columnsOf(ys, height) {
  /** @type {number[]} The last place taken in each column. */
  const taken = [];
  return ys.map((y) => {
    const free = taken.findIndex((last) => y - last >= height);
    const column = free < 0 ? taken.length : free;
    taken[column] = y;
    return column;
  });
}
