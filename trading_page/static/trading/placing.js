// Places the form's order, once, and says what became of it. Until that is known it survives a
// reload of the page.

import { signal } from "@preact/signals";
import { Refusal } from "./api.js";
import { account, ask } from "./session.js";
import { tell } from "./store.js";
import { newClientOrderId, settle, submit } from "./submission.js";
import { request } from "./ticket.js";

const KEY = "order in doubt";
const ABSENT =
  "The order did not reach the exchange and will not be executed. You can send it again.";

/**
 * @import { Market, Order } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @import { Outcome } from "./submission.js"
 * @import { Form } from "./ticket.js"
 * @typedef {{ clientOrderId: string, account: string | null }} Sent
 */

/** What is going on with the order that was sent, in words; null when there is none. */
export const pending = signal(/** @type {string | null} */ (null));

/**
 * Sends the order and returns its outcome, as `submit` does. What is good or unsure is told as a
 * notice.
 *
 * @param {Form} form
 * @param {Market} market
 */
export async function place(form, market) {
  const order = { clientOrderId: newClientOrderId(), account: account.peek() };
  const { path, body } = request(form, market, order.clientOrderId);
  pending.value = "Sending…";
  write(order);
  try {
    const outcome = await submit({
      place: () => ask("POST", path, body),
      find: () => find(order),
      onDoubt: doubt,
    });
    report(outcome);
    return outcome;
  } finally {
    pending.value = null;
  }
}

/** Asks for the order of which it was not known, when the page was left, what became of it. */
export async function resolveDoubt() {
  const kept = read();
  if (!kept || kept.account !== account.peek() || pending.peek() !== null) return;
  pending.value = "Asking…";
  try {
    report(await settle({ find: () => find(kept) }));
  } finally {
    pending.value = null;
  }
}

/**
 * Nobody else has it: their "no such order" would say nothing.
 *
 * @param {Sent} sent
 */
async function find({ clientOrderId, account: owner }) {
  if (account.peek() !== owner) {
    throw new Refusal(401, { code: "UNAUTHENTICATED", message: "The login has changed" });
  }
  /** @type {Answer<Order>} */
  const { data } = await ask("GET", `/orders/by-client-id/${clientOrderId}`);
  return data;
}

function doubt() {
  pending.value = "No answer yet, asking…";
  tell("No answer came. Asking the exchange whether it has the order; it is not sent again.");
}

/** @param {Outcome} outcome */
function report(outcome) {
  if (outcome.kind !== "unknown") write(null);
  const text = inWords(outcome);
  if (text) tell(text, outcome.kind === "placed" || outcome.kind === "found" ? "done" : "error");
}

/**
 * What to tell; null of a refusal, which the form shows.
 *
 * @param {Outcome} outcome
 */
function inWords(outcome) {
  switch (outcome.kind) {
    case "placed": {
      const { data, meta } = outcome;
      const order = "order" in data ? data.order : data.orders[0];
      return `${word(order)}${meta.idempotent_replay ? " before" : ""}`;
    }
    case "found":
      return `The answer was lost, but the exchange has the order: ${word(outcome.order)}`;
    case "absent":
      return ABSENT;
    case "unknown":
      return "It is not known what became of the order: log in again to see it.";
    default:
      return null;
  }
}

/** @param {Order} order */
function word(order) {
  const size = order.quantity ?? order.quote_quantity;
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${size} ${order.symbol}`;
  return `${what}: ${order.status.replace("_", " ")}${order.reason ? ` (${order.reason})` : ""}`;
}

/** @returns {Sent | null} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Sent | null} kept */
function write(kept) {
  try {
    if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the doubt lasts as long as the page.
  }
}
