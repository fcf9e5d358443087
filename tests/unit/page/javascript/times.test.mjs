import assert from "node:assert/strict";
import { test } from "node:test";

import {
  known,
  markOf,
  momentOf,
  named,
  timeFormat,
} from "../../../../trading_page/static/trading/times.js";

test("what clocks of a time zone show is the moment at which they show it", () => {
  /** @type {[zone: string, shown: string, moment: string][]} */
  const cases = [
    ["UTC", "2026-11-30T16:45", "2026-11-30T16:45:00.000Z"],
    ["Europe/Madrid", "2026-11-30T16:45", "2026-11-30T15:45:00.000Z"],
    ["Europe/Madrid", "2026-07-01T00:30", "2026-06-30T22:30:00.000Z"],
    ["Asia/Kolkata", "2026-11-30T00:00", "2026-11-29T18:30:00.000Z"],
    ["America/New_York", "2026-12-31T23:59", "2027-01-01T04:59:00.000Z"],
    ["Pacific/Apia", "2026-11-30T12:00", "2026-11-29T23:00:00.000Z"],
    // Clocks go forward at 2:00: 2:30 is not shown, and is half an hour after the change.
    ["Europe/Madrid", "2026-03-29T01:59", "2026-03-29T00:59:00.000Z"],
    ["Europe/Madrid", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"],
    ["Europe/Madrid", "2026-03-29T03:00", "2026-03-29T01:00:00.000Z"],
    // Clocks go back at 3:00: 2:30 is shown twice, and is the first.
    ["Europe/Madrid", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z"],
    ["Europe/Madrid", "2026-10-25T03:00", "2026-10-25T02:00:00.000Z"],
    ["America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00.000Z"],
  ];
  for (const [zone, shown, moment] of cases) {
    assert.equal(momentOf(shown, zone)?.toISOString(), moment, `${shown} in ${zone}`);
  }
});

test("clocks show midnight as 00, and an axis shows the day there", () => {
  const midnight = new Date(2026, 10, 30).getTime();
  assert.match(timeFormat({ hour: "2-digit", minute: "2-digit" }).format(midnight), /^00:00$/);
  assert.match(markOf(midnight, false), /^\D*30\D*$/);
  assert.match(markOf(midnight + 3_600_000, false), /^01:00$/);
  assert.match(markOf(Date.UTC(2026, 10, 30), true), /^\D*30\D*$/);
});

test("what is no time is none", () => {
  for (const text of ["", "soon", "2026-13-01T00:00"]) assert.equal(momentOf(text, "UTC"), null);
});

test("a time zone is known by its name, and read without its underscores", () => {
  assert.equal(known("Europe/Madrid"), "Europe/Madrid");
  assert.equal(known("utc"), "UTC");
  for (const none of ["Middle/Earth", "", undefined]) assert.equal(Boolean(known(none)), false);
  assert.equal(named("America/New_York"), "America/New York");
});
