import assert from "node:assert/strict";
import { test } from "node:test";

import { NoAnswer, Refusal } from "../../../../trading_page/static/trading/api.js";
import {
  newClientOrderId,
  SETTLED_MS,
  submit,
} from "../../../../trading_page/static/trading/submission.js";

/**
 * @import {
 *   ErrorBody, Meta, Order, Placed,
 * } from "../../../../trading_page/static/trading/answers.d.ts"
 */

/** @typedef {{ data: Placed, meta: Meta }} PlacedAnswer */

const ORDER = /** @type {Order} */ ({ id: "1" });

/**
 * @param {ErrorBody["code"]} code
 * @returns {() => Promise<never>}
 */
const refuse =
  (code, status = 400) =>
  () =>
    Promise.reject(new Refusal(status, { code, message: code }));
/** @returns {Promise<never>} */
const lose = () => Promise.reject(new NoAnswer("nothing"));
const absent = refuse("ORDER_NOT_FOUND", 404);

const find = () => Promise.resolve(ORDER);

/**
 * Submits with a clock that moves only while it pauses. Finds give their answers one after the
 * other.
 *
 * @param {(spend: (ms: number) => void) => Promise<PlacedAnswer>} place
 * @param {(() => Promise<Order>)[]} finds
 */
async function run(place, ...finds) {
  let clock = 0;
  let sent = 0;
  let doubts = 0;
  /** @param {number} ms */
  const spend = (ms) => {
    clock += ms;
  };
  const outcome = await submit({
    place: () => {
      sent += 1;
      return place(spend);
    },
    find: () => (finds.length > 1 ? finds.splice(0, 1) : finds)[0](),
    onDoubt: () => {
      doubts += 1;
    },
    now: () => clock,
    pause: async (ms) => spend(ms),
  });
  return { outcome, kind: outcome.kind, sent, doubts, clock };
}

test("an answer is the end of it", async () => {
  const { kind, doubts } = await run(async () => /** @type {PlacedAnswer} */ ({}));
  assert.deepEqual([kind, doubts], ["placed", 0]);
});

test("a refusal that says that nothing was done is one", async () => {
  for (const code of /** @type {const} */ ([
    "VALIDATION_ERROR",
    "ENGINE_UNAVAILABLE",
    "RATE_LIMITED",
  ])) {
    assert.equal((await run(refuse(code))).kind, "refused");
  }
});

test("when the answer is lost the order is looked for, and never sent again", async () => {
  const { outcome, sent, doubts } = await run(lose, lose, absent, find);
  assert.deepEqual([outcome, sent, doubts], [{ kind: "found", order: ORDER }, 1, 1]);
});

test("that there is no order is believed only when it cannot come any more", async () => {
  const { kind, clock, sent } = await run(lose, absent);
  assert.deepEqual([kind, sent, clock > SETTLED_MS], ["absent", 1, true]);
});

test("time that passes before the answer is lost does not count: the order may leave late", async () => {
  /** @param {(ms: number) => void} spend */
  const slow = (spend) => {
    spend(SETTLED_MS);
    return lose();
  };
  const { kind, clock } = await run(slow, absent);
  assert.deepEqual([kind, clock > 2 * SETTLED_MS], ["absent", true]);
});

test("a time-out of the exchange is no answer either", async () => {
  assert.equal((await run(refuse("TIMEOUT", 504), find)).kind, "found");
});

test("it goes on asking for as long as nobody answers", async () => {
  const finds = [...Array(20).fill(lose), find];
  assert.equal((await run(lose, ...finds)).kind, "found");
});

test("without a login it stays unknown", async () => {
  assert.equal((await run(lose, refuse("TOKEN_REVOKED", 401))).kind, "unknown");
});

test("ids are new and have the form that the exchange takes", () => {
  const ids = new Set(Array.from({ length: 100 }, newClientOrderId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9._:-]{1,64}$/);
});
