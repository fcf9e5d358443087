// The order form's rules: which fields a type has, what is wrong, what is sent. No input or output.

import { exactUnits, toText, toUnits } from "./decimal.js";
import { grouped, style } from "./numbers.js";
import { sentenceOf } from "./refusals.js";
import { amountOf, gettext, isolated } from "./texts.js";
import { momentOf } from "./times.js";

/**
 * @import { Market, Order } from "./answers.d.ts"
 * @import { Refusal } from "./api.js"
 */

/** @typedef {Order["type"] | "oco" | "bracket"} FormType What the form calls an order's type. */
/** @typedef {"trailing_percent" | "trailing_amount"} Trail */
/**
 * @typedef {"price" | "quantity" | "quote_quantity" | "stop_price" | "stop_limit_price" | Trail
 *   | "display_quantity" | "total" | "take_profit.price" | "stop_loss.stop_price" | "stop_loss.price"
 * } NumberName A field of the form that holds a number.
 */
/**
 * @typedef {Record<NumberName, string> & {
 *   side: Order["side"],
 *   type: FormType,
 *   sizeBy: "quantity" | "quote_quantity",
 *   trailBy: Trail,
 *   sizedBy: "quantity" | "total",
 *   time_in_force: Order["time_in_force"],
 *   post_only: boolean,
 *   reprice: boolean,
 *   self_trade_prevention: Order["self_trade_prevention"],
 *   expire_at: string,
 * }} Form What is asked for; numbers are plain, or UNREADABLE.
 */
/** @typedef {Record<string, string>} Texts By field. */

// The most that the exchange has: a market's limits need not be multiples of its steps.
export const LIMIT_DECIMALS = 18;
export const PERCENT_DECIMALS = 4; // so a percentage counts millionths

/** Stands for a number that was typed and is none. */
export const UNREADABLE = "?";

/** @type {Order["time_in_force"][]} */
const ALL_TIMES = ["gtc", "ioc", "fok", "gtd"];
/**
 * What trades at market once it is triggered is asked only how long it waits. The exchange takes
 * all times of it, but `ioc` means the same as `gtc` then, and `fok` is seldom meant.
 *
 * @type {Order["time_in_force"][]}
 */
const TIMES_TO_WAIT = ["gtc", "gtd"];

/**
 * Fields besides the quantity, the choices of time in force, and the further options of each type.
 * A test holds them to the exchange's own, which are in orders/api/rules.py.
 *
 * @type {Record<FormType, {
 *   label: string,
 *   fields: (NumberName | "trailing")[],
 *   times: Order["time_in_force"][],
 *   options: string[],
 *   path?: string,
 * }>}
 */
export const TYPES = {
  limit: {
    label: gettext("Limit"),
    fields: ["price"],
    times: ALL_TIMES,
    options: ["post_only", "reprice", "display_quantity"],
  },
  market: { label: gettext("Market"), fields: [], times: ["ioc", "fok"], options: [] },
  stop: {
    label: gettext("Stop market"),
    fields: ["stop_price"],
    times: TIMES_TO_WAIT,
    options: [],
  },
  stop_limit: {
    label: gettext("Stop limit"),
    fields: ["stop_price", "price"],
    times: ALL_TIMES,
    options: [],
  },
  take_profit: {
    label: gettext("Take-profit market"),
    fields: ["stop_price"],
    times: TIMES_TO_WAIT,
    options: [],
  },
  take_profit_limit: {
    label: gettext("Take-profit limit"),
    fields: ["stop_price", "price"],
    times: ALL_TIMES,
    options: [],
  },
  trailing_stop: {
    label: gettext("Trailing stop"),
    fields: ["trailing"],
    times: TIMES_TO_WAIT,
    options: [],
  },
  oco: {
    label: gettext("OCO: limit and stop"),
    fields: ["price", "stop_price", "stop_limit_price"],
    times: TIMES_TO_WAIT,
    options: [],
    path: "/orders/oco",
  },
  bracket: {
    label: gettext("Bracket: entry and exits"),
    fields: ["price", "take_profit.price", "stop_loss.stop_price", "stop_loss.price"],
    times: ALL_TIMES,
    options: [],
    path: "/orders/bracket",
  },
};

/** @type {Texts} */
export const LABELS = {
  price: gettext("Price"),
  quantity: gettext("Amount"),
  quote_quantity: gettext("Budget"),
  total: gettext("Total"),
  stop_price: gettext("Trigger price"),
  stop_limit_price: gettext("Stop limit"),
  trailing_amount: gettext("Distance"),
  trailing_percent: gettext("Distance in %"),
  display_quantity: gettext("Shown amount"),
  expire_at: gettext("Expires at"),
  time_in_force: gettext("Time in force"),
  post_only: gettext("Post only"),
  reprice: gettext("Reprice"),
  self_trade_prevention: gettext("Own orders"),
  "take_profit.price": gettext("Take-profit price"),
  "stop_loss.stop_price": gettext("Stop-loss trigger"),
  "stop_loss.price": gettext("Stop-loss limit"),
};
/** @type {ReadonlySet<NumberName>} */
export const OPTIONAL = new Set(["stop_limit_price", "stop_loss.price", "display_quantity"]);
/** @type {Record<Order["time_in_force"], string>} */
export const TIMES = {
  gtc: gettext("Until cancelled"),
  ioc: gettext("At once or not (IOC)"),
  fok: gettext("All at once or not (FOK)"),
  gtd: gettext("Until a time"),
};
/** @type {Record<Order["self_trade_prevention"], string>} */
export const PREVENTIONS = {
  cancel_newest: gettext("Cancel the new one"),
  cancel_oldest: gettext("Cancel the old one"),
  cancel_both: gettext("Cancel both"),
  decrement: gettext("Take both down"),
};

/** @type {NumberName[]} */
export const NUMBER_NAMES = [
  "price",
  "quantity",
  "quote_quantity",
  "stop_price",
  "stop_limit_price",
  "trailing_percent",
  "trailing_amount",
  "display_quantity",
  "total",
  "take_profit.price",
  "stop_loss.stop_price",
  "stop_loss.price",
];

export const PRICE_NAMES = NUMBER_NAMES.filter((name) => name.endsWith("price"));

/**
 * What an empty form holds.
 *
 * @type {Form}
 */
export const BLANK = {
  side: "buy",
  type: "limit",
  sizeBy: "quantity",
  trailBy: "trailing_percent",
  sizedBy: "quantity",
  time_in_force: "gtc",
  post_only: false,
  reprice: false,
  self_trade_prevention: "cancel_newest",
  price: "",
  quantity: "",
  quote_quantity: "",
  stop_price: "",
  stop_limit_price: "",
  trailing_percent: "",
  trailing_amount: "",
  display_quantity: "",
  total: "",
  expire_at: "",
  "take_profit.price": "",
  "stop_loss.stop_price": "",
  "stop_loss.price": "",
};

/**
 * The time in force that is meant: a type has not all of them.
 *
 * @param {Form} form
 */
export function timeOf(form) {
  const { times } = TYPES[form.type];
  return times.includes(form.time_in_force) ? form.time_in_force : times[0];
}

/** @param {Form} form */
export function isByBudget(form) {
  return form.type === "market" && form.side === "buy" && form.sizeBy === "quote_quantity";
}

/**
 * The names of the fields that hold numbers, in the order in which they are shown.
 *
 * @param {Form} form
 * @returns {NumberName[]}
 */
export function numberFields(form) {
  const type = TYPES[form.type];
  const fields = type.fields.map((name) => (name === "trailing" ? form.trailBy : name));
  /** @type {NumberName} */
  const size = isByBudget(form) ? "quote_quantity" : "quantity";
  const isIceberg =
    type.options.includes("display_quantity") && form.display_quantity !== "" && rests(form);
  return isIceberg ? [...fields, size, "display_quantity"] : [...fields, size];
}

/** @param {Form} form */
export function rests(form) {
  return ["gtc", "gtd"].includes(timeOf(form));
}

/**
 * Whether the form has the total besides the amount: only a limit says what an amount comes to.
 *
 * @param {Form} form
 */
export function hasTotal(form) {
  return TYPES[form.type].fields.includes("price");
}

/** @param {NumberName} name */
export function isMoney(name) {
  return name === "quote_quantity" || name === "total";
}

/** @param {NumberName} name */
function isPrice(name) {
  return name.endsWith("price") || name === "trailing_amount";
}

// --- what is sent --------------------------------------------------------------------------------

/**
 * `{path, body}` of the call that places the order.
 *
 * @param {Form} form
 * @param {Market} market
 * @param {string} clientOrderId
 */
export function request(form, market, clientOrderId) {
  const type = TYPES[form.type];
  /** @type {Record<string, string | boolean | Texts>} */
  const body = {
    symbol: market.symbol,
    side: form.side,
    time_in_force: timeOf(form),
    client_order_id: clientOrderId,
  };
  if (!type.path) body.type = form.type;
  if (form.type === "bracket") {
    Object.assign(body, { type: "limit", take_profit: {}, stop_loss: {} });
  }
  for (const name of numberFields(form)) {
    const text = form[name];
    if (text === "" && OPTIONAL.has(name)) continue;
    const [outer, inner] = name.split(".");
    if (inner) /** @type {Texts} */ (body[outer])[inner] = text;
    else body[name] = text;
  }
  if (timeOf(form) === "gtd") {
    body.expire_at = momentOf(form.expire_at)?.toISOString() ?? form.expire_at;
  }
  if (type.options.includes("post_only") && form.post_only && rests(form)) {
    body.post_only = true;
    if (form.reprice) body.reprice = true;
  }
  if (form.self_trade_prevention !== "cancel_newest") {
    body.self_trade_prevention = form.self_trade_prevention;
  }
  return { path: type.path ?? "/orders", body };
}

// --- what is wrong -------------------------------------------------------------------------------

/**
 * What can be seen to be wrong before anything is sent, by field. The exchange has the last word.
 *
 * @param {Form} form
 * @param {Market} market
 */
export function problems(form, market) {
  /** @type {Texts} */
  const found = {};
  for (const name of numberFields(form)) {
    const problem = numberProblem(name, form[name], market);
    if (problem) found[name] = problem;
  }
  if (form.sizedBy === "total" && form.total === UNREADABLE) {
    found.total = style.rule;
    delete found.quantity;
  }
  if (timeOf(form) === "gtd" && !form.expire_at) found.expire_at = gettext("Say when it expires");
  if (!found.quantity && !found.total && !isByBudget(form)) {
    Object.assign(found, sizeProblem(form, market));
  }
  return found;
}

/**
 * Of the problems that were found those that are still there.
 *
 * @param {Texts} found
 * @param {Texts} now
 * @returns {Texts}
 */
export function standing(found, now) {
  return Object.fromEntries(Object.entries(found).filter(([name, text]) => now[name] === text));
}

/**
 * What is wrong with a number by itself; null when nothing is.
 *
 * @param {NumberName} name
 * @param {string} plain
 * @param {Market} market
 */
export function numberProblem(name, plain, market) {
  if (plain === "") return OPTIONAL.has(name) ? null : gettext("This is needed");
  if (plain === UNREADABLE) return style.rule;
  if (name === "trailing_percent") {
    return toUnits(plain, PERCENT_DECIMALS)
      ? null
      : gettext("A percentage such as {example}", { example: grouped("1.5") });
  }
  const { decimals, step } = stepOf(name, market);
  const units = toUnits(plain, decimals);
  if (units === null || units % exactUnits(step, decimals)) {
    return gettext("In steps of {step}", { step: grouped(step) });
  }
  return units > 0n ? null : gettext("More than zero");
}

/**
 * How a number is counted.
 *
 * @param {NumberName} name
 * @param {Market} market
 * @returns {{ decimals: number, step: string, asset: string }}
 */
export function stepOf(name, market) {
  if (isMoney(name)) {
    const decimals = market.quote_decimals;
    return { decimals, step: toText(1n, decimals), asset: market.quote };
  }
  if (isPrice(name)) {
    return { decimals: market.price_decimals, step: market.tick_size, asset: market.quote };
  }
  return { decimals: market.quantity_decimals, step: market.lot_size, asset: market.base };
}

/**
 * @param {Form} form
 * @param {Market} market
 * @returns {Texts}
 */
function sizeProblem(form, market) {
  const quantity = exactUnits(form.quantity, LIMIT_DECIMALS);
  if (quantity < exactUnits(market.min_quantity, LIMIT_DECIMALS)) {
    const least = amountOf(grouped(market.min_quantity), market.base);
    return { quantity: gettext("At least {amount}", { amount: least }) };
  }
  if (quantity > exactUnits(market.max_quantity, LIMIT_DECIMALS)) {
    const most = amountOf(grouped(market.max_quantity), market.base);
    return { quantity: gettext("At most {amount}", { amount: most }) };
  }
  const price = namedPrice(form, market);
  const decimals = market.price_decimals + LIMIT_DECIMALS;
  if (price && price * quantity < exactUnits(market.min_notional, decimals)) {
    const least = amountOf(grouped(market.min_notional), market.quote);
    return { quantity: gettext("Price x amount is at least {amount}", { amount: least }) };
  }
  return {};
}

/**
 * The price that says what an order is worth; null when it names none.
 *
 * @param {Form} form
 * @param {Market} market
 */
export function namedPrice(form, market) {
  const { fields } = TYPES[form.type];
  const name = /** @type {const} */ (["price", "stop_price"]).find(
    (candidate) => fields.includes(candidate) && form[candidate] !== "",
  );
  return name ? toUnits(form[name], market.price_decimals) : null;
}

/** @type {Record<string, string[]>} */
const FIELD_OF_CODE = {
  INSUFFICIENT_BALANCE: ["quantity", "quote_quantity"],
  INSUFFICIENT_LIQUIDITY: ["quantity", "quote_quantity"],
  MIN_QUANTITY: ["quantity"],
  MAX_QUANTITY: ["quantity"],
  LOT_SIZE: ["quantity"],
  TICK_SIZE: ["price", "stop_price"],
  MIN_NOTIONAL: ["quantity", "quote_quantity"],
  PRICE_OUT_OF_BAND: ["price", "stop_price"],
  POST_ONLY_WOULD_TRADE: ["price"],
  STOP_WOULD_TRIGGER: ["stop_price", "stop_loss.stop_price"],
  ALREADY_EXPIRED: ["expire_at"],
};

/**
 * What the exchange said, at the fields it is about; `general` has the rest.
 *
 * @param {Pick<Refusal, "code" | "details" | "message">} refusal
 * @param {string[]} shown
 */
export function refusalAt(refusal, shown) {
  /** @type {Texts} */
  const fields = {};
  /** @type {string[]} */
  const rest = [];
  if (refusal.code === "VALIDATION_ERROR") {
    for (const [name, texts] of Object.entries(refusal.details)) {
      const text = [texts].flat().join(" ");
      if (shown.includes(name)) fields[name] = text;
      else rest.push(LABELS[name] ? `${LABELS[name]}: ${text}` : text);
    }
  } else {
    const candidates = [String(refusal.details.field), ...(FIELD_OF_CODE[refusal.code] ?? [])];
    const name = candidates.find((candidate) => shown.includes(candidate));
    if (name) fields[name] = sentenceOf(refusal);
    else rest.push(sentenceOf(refusal));
  }
  const isSaid = Object.keys(fields).length > 0 && rest.length === 0;
  return {
    fields,
    general: isSaid ? "" : `${rest.join(" ") || refusal.message} ${isolated(`(${refusal.code})`)}`,
  };
}
