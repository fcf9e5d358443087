// Sends an order once. When the answer is lost it asks by the order's own id what became of it. No
// input or output.

import { NoAnswer, Refusal } from "./api.js";

/**
 * @import { Group, Meta, Order, Placed } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 */

/**
 * What became of an order.
 *
 * @typedef {{ kind: "placed", data: Placed | Group, meta: Meta }
 *   | { kind: "refused", refusal: Refusal }
 *   | Settled} Outcome
 */

/**
 * What became of an order whose answer was lost.
 *
 * @typedef {{ kind: "found", order: Order } | { kind: "absent" } | { kind: "unknown" }} Settled
 */

// How long after the answer was lost an order may still come: only then "there is no such order" is
// the last word. It may have left just before, however long ago it was submitted, for a login that
// had to be renewed comes first.
export const SETTLED_MS = 16_000; // SETTLED_AFTER_MS of matching/timing.py
const PAUSES_MS = [300, 700, 1_500, 3_000];
const UNKNOWN = new Set(["TIMEOUT", "INTERNAL_ERROR"]);

/**
 * Returns what became of an order. `place()` sends it; `find()` reads it by its client order id;
 * `onDoubt()` is called when the answer was lost.
 *
 * @param {{
 *   place: () => Promise<Pick<Answer<Placed | Group>, "data" | "meta">>,
 *   find: () => Promise<Order>,
 *   onDoubt: () => void,
 *   now?: () => number,
 *   pause?: (ms: number) => Promise<unknown>,
 * }} how
 * @returns {Promise<Outcome>}
 */
export async function submit({ place, find, onDoubt, now = Date.now, pause = sleep }) {
  try {
    const { data, meta } = await place();
    return { kind: "placed", data, meta };
  } catch (error) {
    if (error instanceof Refusal && !UNKNOWN.has(error.code)) {
      return { kind: "refused", refusal: error };
    }
    if (!(error instanceof Refusal || error instanceof NoAnswer)) throw error;
  }
  onDoubt();
  return settle({ find, now, pause });
}

/**
 * Asks until it is known what became of an order that nobody sends any more.
 *
 * @param {{
 *   find: () => Promise<Order>,
 *   now?: () => number,
 *   pause?: (ms: number) => Promise<unknown>,
 * }} how
 * @returns {Promise<Settled>}
 */
export async function settle({ find, now = Date.now, pause = sleep }) {
  const lostAt = now();
  for (let attempt = 0; ; attempt += 1) {
    const isOver = now() - lostAt > SETTLED_MS;
    try {
      return { kind: "found", order: await find() };
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof NoAnswer)) throw error;
      if (error instanceof Refusal) {
        if (error.code === "ORDER_NOT_FOUND" && isOver) return { kind: "absent" };
        if (error.status === 401) return { kind: "unknown" }; // nobody is logged in who could ask
      }
    }
    await pause(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]);
  }
}

/** An id that nobody has used before. */
export function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
