import assert from "node:assert/strict";
import { test } from "node:test";

import { Twins } from "../../../../trading_page/static/trading/twins.js";

/**
 * @import { Channel, Locks } from "../../../../trading_page/static/trading/twins.js"
 */

/**
 * Tabs that hear each other, with a clock that runs out at once when nobody answers.
 *
 * @param {number} count
 * @param {Locks | null} locks
 */
function tabs(count, locks = null) {
  /** @type {Channel<string>[]} */
  const channels = Array.from({ length: count }, (_, from) => ({
    onmessage: null,
    postMessage(data) {
      channels.forEach((other, to) => {
        if (to !== from) queueMicrotask(() => other.onmessage?.({ data }));
      });
    },
  }));
  return channels.map((channel) => {
    /** @type {[secret: string, result: string][]} */
    const heard = [];
    const onResult = (/** @type {string} */ secret, /** @type {string} */ result) =>
      void heard.push([secret, result]);
    return { heard, twins: new Twins(channel, { onResult, locks, setTimeout: setImmediate }) };
  });
}

test("a secret is spent once, by whichever tab is first, and all learn what came of it", async () => {
  const [first, second] = tabs(2);
  let spent = 0;
  const act = async () => `new ${(spent += 1)}`;
  assert.equal(await first.twins.once("secret", act), "new 1");
  assert.equal(await second.twins.once("secret", act), "new 1");
  assert.equal(spent, 1);
  assert.deepEqual(second.heard, [["secret", "new 1"]]);
});

test("a tab that heard nothing asks before it spends", async () => {
  const [first, second] = tabs(2);
  await first.twins.once("secret", async () => "new");
  second.twins.results.clear(); // as one that was duplicated afterwards from an older copy
  assert.equal(
    await second.twins.once("secret", async () => assert.fail("it was spent before")),
    "new",
  );
});

test("with locks two that begin together do it once", async () => {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @type {Locks} */
  const locks = {
    request(_name, act) {
      const done = last.then(act);
      last = done;
      return done;
    },
  };
  const [first, second] = tabs(2, locks);
  let spent = 0;
  const act = async () => `new ${(spent += 1)}`;
  assert.deepEqual(
    await Promise.all([first.twins.once("secret", act), second.twins.once("secret", act)]),
    ["new 1", "new 1"],
  );
});

test("alone, and with a failure, it is as if there were no others", async () => {
  const alone = new Twins(null, { locks: null });
  assert.equal(await alone.once("secret", async () => "new"), "new");
  const [first] = tabs(2);
  await assert.rejects(
    first.twins.once("secret", async () => {
      throw new Error("refused");
    }),
    /refused/,
  );
  assert.equal(await first.twins.once("secret", async () => "later"), "later");
});
