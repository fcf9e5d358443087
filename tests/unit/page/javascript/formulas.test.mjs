import assert from "node:assert/strict";
import { test } from "node:test";

import { Course } from "#charting/course.js";
import {
  areIndicators,
  COLOURS,
  fresh,
  INDICATORS_MAX,
  KINDS,
  numberProblems,
  shortName,
} from "#charting/indicators.js";

/**
 * @import { Values } from "#charting/formulas.js"
 * @import { Indicator, Kind } from "#charting/indicators.js"
 */

const BEGIN = Date.parse("2026-11-23T00:00:00Z");

/** @param {number[]} closes */
function candlesOf(closes, first = 0) {
  return closes.map((close, index) => ({
    time: new Date(BEGIN + (first + index) * 60_000).toISOString(),
    close: String(close),
  }));
}

/**
 * @param {Kind} kind
 * @param {Record<string, number>} [numbers]
 * @returns {Indicator}
 */
function indicator(kind, numbers) {
  const made = fresh(kind, []);
  return { ...made, numbers: { ...made.numbers, ...numbers } };
}

/**
 * @param {Indicator} of
 * @param {number[]} closes
 */
function valuesOf(of, closes) {
  const course = new Course(of);
  course.load(candlesOf(closes));
  return [...course.values.values()];
}

/** @param {Values[]} values */
const firsts = (values) => values.map(([first]) => first);
/** @param {number | null} value */
const cents = (value) => value && Math.round(value * 100) / 100;

/** A walk that is the same each time. */
function walk(length = 400) {
  let seed = 20_261_130;
  let price = 65_000;
  return Array.from({ length }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    price += (seed / 2 ** 31 - 0.5) * 80;
    return Math.round(price * 100) / 100;
  });
}

test("the simple average is the mean of the last closes, and nothing before there are enough", () => {
  const values = valuesOf(indicator("sma", { length: 5 }), [11, 12, 13, 14, 15, 16, 17]);
  assert.deepEqual(firsts(values), [null, null, null, null, 13, 14, 15]);
});

// The worked examples of StockCharts' ChartSchool, at the decimals that they give.
test("the exponential average is that of a published example", () => {
  const closes = [
    ...[22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29],
    ...[22.15, 22.39, 22.38, 22.61, 23.36, 24.05, 23.75, 23.83, 23.95, 23.63],
  ];
  const values = firsts(valuesOf(indicator("ema", { length: 10 }), closes)).map(cents);
  assert.deepEqual(values.slice(0, 9), Array(9).fill(null));
  assert.deepEqual(
    values.slice(9),
    [22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.8, 22.97, 23.13, 23.28, 23.34],
  );
});

test("the relative strength is that of a published example", () => {
  const closes = [
    ...[44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826],
    ...[45.8931, 46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439],
    46.2122,
  ];
  const values = firsts(valuesOf(indicator("rsi"), closes)).map(cents);
  assert.deepEqual(values.slice(0, 14), Array(14).fill(null));
  assert.deepEqual(values.slice(14), [70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93]);
});

test("the relative strength is 100 when nothing falls, 0 when nothing rises, 50 when nothing moves", () => {
  /** @param {number[]} closes */
  const last = (closes) => valuesOf(indicator("rsi", { length: 3 }), closes).at(-1);
  assert.deepEqual(last([1, 2, 3, 4, 5]), [100]);
  assert.deepEqual(last([5, 4, 3, 2, 1]), [0]);
  assert.deepEqual(last([5, 5, 5, 5, 5]), [50]);
});

test("Bollinger's bands are as many deviations of the population away as is set", () => {
  // Mean 5, deviation 2: the textbook's eight numbers.
  const values = valuesOf(
    indicator("bollinger", { length: 8, deviations: 1.5 }),
    [2, 4, 4, 4, 5, 5, 7, 9],
  );
  assert.deepEqual(values.at(-2), [null, null, null]);
  assert.deepEqual(values.at(-1), [5, 8, 2]);
});

/**
 * The slow way: an average of all that came before, each time from the beginning.
 *
 * @param {number[]} values
 * @param {number} length
 */
function slowAverage(values, length) {
  if (values.length < length) return null;
  const weight = 2 / (length + 1);
  const start = values.slice(0, length).reduce((sum, value) => sum + value) / length;
  return values
    .slice(length)
    .reduce((average, value) => value * weight + average * (1 - weight), start);
}

test("the divergence of averages is what a slow calculation gives", () => {
  const closes = walk(120);
  const differences = closes.map((_, index) => {
    const [fast, slow] = [12, 26].map((length) => slowAverage(closes.slice(0, index + 1), length));
    return fast === null || slow === null ? null : fast - slow;
  });
  valuesOf(indicator("macd"), closes).forEach((values, index) => {
    const known = differences.slice(0, index + 1).filter((value) => value !== null);
    const [difference, signal] = [differences[index], slowAverage(known, 9)];
    const expected = [difference, signal, signal && difference && difference - signal];
    assert.equal(values.length, expected.length);
    values.forEach((value, place) => near(value, expected[place]));
  });
});

/**
 * @param {number | null} value
 * @param {number | null} expected
 */
function near(value, expected) {
  if (value === null || expected === null) assert.equal(value, expected);
  else assert.ok(Math.abs(value - expected) < 1e-6, `${value} is not ${expected}`);
}

for (const kind of /** @type {Kind[]} */ (Object.keys(KINDS))) {
  test(`${kind}: followed from candle to candle it is what all candles at once give`, () => {
    const closes = walk();
    const candles = candlesOf(closes);
    const whole = valuesOf(indicator(kind), closes);
    const course = new Course(indicator(kind));
    course.load(candles.slice(0, 100));
    for (const candle of candles.slice(99)) {
      course.follow({ ...candle, close: "1" }); // while it is open it is here and there
      course.follow({ ...candle, close: "99999" });
      course.follow(candle);
    }
    assert.deepEqual([...course.values.values()], whole);
  });

  test(`${kind}: a page of earlier candles makes it what it had been with them from the beginning`, () => {
    const candles = candlesOf(walk());
    const course = new Course(indicator(kind));
    course.load(candles.slice(200, 390));
    for (const candle of candles.slice(389)) course.follow(candle);
    course.load(candles);
    assert.deepEqual([...course.values.values()], valuesOf(indicator(kind), walk()));
  });
}

test("numbers that cannot be drawn are refused at the one that is wrong", () => {
  assert.deepEqual(numberProblems("sma", { length: 1 }), {});
  for (const length of [0, 501, 2.5, NaN]) {
    assert.deepEqual(numberProblems("sma", { length }), {
      length: "A whole number from 1 to 500",
    });
  }
  assert.deepEqual(Object.keys(numberProblems("bollinger", { length: 20, deviations: 0 })), [
    "deviations",
  ]);
  assert.deepEqual(numberProblems("macd", { fast: 26, slow: 26, signal: 9 }), {
    slow: "Longer than the fast one",
  });
});

test("what is kept is taken only if this page can draw it", () => {
  const good = indicator("macd");
  assert.ok(areIndicators([]));
  assert.ok(areIndicators([good, indicator("sma")]));
  for (const bad of [
    null,
    [null],
    [{ ...good, kind: "toString" }],
    [{ ...good, colour: "red" }],
    [{ ...good, numbers: { fast: 12 } }],
    [{ ...good, numbers: { ...good.numbers, fast: 400 } }],
    Array(INDICATORS_MAX + 1).fill(good),
  ]) {
    assert.ok(!areIndicators(bad), JSON.stringify(bad));
  }
});

test("a new one has an id and a colour that no other has, as long as there are any", () => {
  /** @type {Indicator[]} */
  const list = [];
  while (list.length < COLOURS.length) list.push(fresh("ema", list));
  assert.equal(new Set(list.map(({ colour }) => colour)).size, COLOURS.length);
  assert.equal(new Set(list.map(({ id }) => id)).size, COLOURS.length);
  assert.equal(shortName(list[0]), "EMA 21");
  assert.equal(shortName(indicator("macd")), "MACD 12 26 9");
});
