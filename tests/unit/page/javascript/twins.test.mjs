import assert from "node:assert/strict";
import { test } from "node:test";

import { Twins } from "../../../../trading_page/static/trading/twins.js";

/** Tabs that hear each other, without locks and with a clock that runs out at once when nobody answers. */
function tabs(count, options = {}) {
  const heard = Array.from({ length: count }, () => []);
  const channels = heard.map(() => ({}));
  channels.forEach((channel, from) => {
    channel.postMessage = (data) =>
      channels.forEach(
        (other, to) => to !== from && queueMicrotask(() => other.onmessage({ data })),
      );
  });
  return channels
    .map(
      (channel, index) =>
        new Twins(channel, {
          onResult: (secret, result) => heard[index].push([secret, result]),
          locks: null,
          setTimeout: setImmediate,
          ...options,
        }),
    )
    .map((twins, index) => ({ twins, heard: heard[index] }));
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
  let last = Promise.resolve();
  const locks = { request: (name, act) => (last = last.then(act)) };
  const [first, second] = tabs(2, { locks });
  let spent = 0;
  const act = async () => (spent += 1);
  assert.deepEqual(
    await Promise.all([first.twins.once("secret", act), second.twins.once("secret", act)]),
    [1, 1],
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
