// Places the form's order, once, and says what became of it. Until that is known it survives a reload of the page.

import { signal } from "@preact/signals";
import { Refusal } from "./api.js";
import { account, ask } from "./session.js";
import { tell } from "./store.js";
import { newClientOrderId, settle, submit } from "./submission.js";
import { request } from "./ticket.js";

const KEY = "order in doubt";

/** What is going on with the order that was sent, in words; null when there is none. */
export const pending = signal(null);

/** Sends the order and returns its outcome, as `submit` does. What is good or unsure is told as a notice. */
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

/** Nobody else has it: their "no such order" would say nothing. */
async function find({ clientOrderId, account: owner }) {
  if (account.peek() !== owner)
    throw new Refusal(401, { code: "UNAUTHENTICATED", message: "The login has changed" });
  return (await ask("GET", `/orders/by-client-id/${clientOrderId}`)).data;
}

function doubt() {
  pending.value = "No answer yet, asking…";
  tell("No answer came. Asking the exchange whether it has the order; it is not sent again.");
}

function report(outcome) {
  if (outcome.kind !== "unknown") write(null);
  const texts = {
    placed: () =>
      `${word(outcome.data.order ?? outcome.data.orders[0])}${outcome.meta.idempotent_replay ? " before" : ""}`,
    found: () => `The answer was lost, but the exchange has the order: ${word(outcome.order)}`,
    absent: () =>
      "The order did not reach the exchange and will not be executed. You can send it again.",
    unknown: () => "It is not known what became of the order: log in again to see it.",
  };
  const text = texts[outcome.kind]?.();
  if (text) tell(text, outcome.kind === "placed" || outcome.kind === "found" ? "done" : "error");
}

function word(order) {
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${order.quantity ?? order.quote_quantity} ${order.symbol}`;
  return `${what}: ${order.status.replace("_", " ")}${order.reason ? ` (${order.reason})` : ""}`;
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function write(kept) {
  try {
    if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the doubt lasts as long as the page.
  }
}
