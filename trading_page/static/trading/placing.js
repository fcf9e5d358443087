// Places the form's order, once, and says what became of it. Until that is known it survives a
// reload of the page.

import { effect } from "@preact/signals";
import { Refusal } from "./api.js";
import { dismiss, tell, tellOrder } from "./notices.js";
import { account, ask } from "./session.js";
import { pending } from "./store.js";
import { newClientOrderId, settle, submit } from "./submission.js";
import { gettext } from "./texts.js";
import { request } from "./ticket.js";

const KEY = "order in doubt";
const IN_DOUBT = "order in doubt"; // the key of its notice
const ABSENT = gettext(
  "The order did not reach the exchange and will not be executed. You can send it again.",
);
const UNKNOWN = gettext("It is not known what became of the order: log in again to see it.");

/**
 * @import { Group, Market, Order, Placed } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @import { Outcome } from "./submission.js"
 * @import { Form } from "./ticket.js"
 * @typedef {{ clientOrderId: string, account: string | null }} Sent
 */

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
  pending.value = gettext("Sending…");
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
async function resolveDoubt() {
  const kept = read();
  if (!kept || kept.account !== account.peek() || pending.peek() !== null) return;
  pending.value = gettext("Asking…");
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
    throw new Refusal(401, { code: "UNAUTHENTICATED", message: "" });
  }
  /** @type {Answer<Order>} */
  const { data } = await ask("GET", `/orders/by-client-id/${clientOrderId}`);
  return data;
}

function doubt() {
  pending.value = gettext("No answer yet, asking…");
  tell(
    gettext("No answer came. Asking the exchange whether it has the order; it is not sent again."),
    "keep",
    IN_DOUBT,
  );
}

/**
 * Of a refusal the form says what it is.
 *
 * @param {Outcome} outcome
 */
function report(outcome) {
  if (outcome.kind !== "unknown") write(null);
  dismiss(IN_DOUBT);
  if (outcome.kind === "placed") tellPlaced(outcome.data);
  else if (outcome.kind === "found") tellOrder(outcome.order);
  else if (outcome.kind === "absent") tell(ABSENT, "error", IN_DOUBT);
  else if (outcome.kind === "unknown") tell(UNKNOWN, "error", IN_DOUBT);
}

/** @param {Placed | Group} placed */
function tellPlaced(placed) {
  for (const order of "order" in placed ? [placed.order] : placed.orders) tellOrder(order);
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

// Before anything else is sent, because this module is what sends.
effect(() => {
  if (account.value !== null) resolveDoubt();
});
