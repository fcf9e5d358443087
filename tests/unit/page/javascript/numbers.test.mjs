import assert from "node:assert/strict";
import { test } from "node:test";

import * as numbers from "../../../../trading_page/static/trading/numbers.js";

const { NumberStyle, style: english } = numbers;

test("each language writes numbers its own way, and reads again what it has written", () => {
  /** @type {[locale: string, written: string][]} */
  const cases = [
    ["en", "12,345,678.90"],
    ["de", "12.345.678,90"],
    ["fr", "12\u202f345\u202f678,90"],
    ["pt-PT", "12\u00a0345\u00a0678,90"],
    ["es", "12.345.678,90"],
    ["en-IN", "1,23,45,678.90"],
    ["ar", "12,345,678.90"],
  ];
  for (const [locale, written] of cases) {
    const style = new NumberStyle(locale);
    assert.equal(style.write("12345678.90"), written, locale);
    assert.equal(style.read(written), "12345678.90", locale);
    assert.equal(style.read(style.write("1234.5")), "1234.5", locale);
    assert.equal(style.read(style.typed("12345678.90")), "12345678.90", locale);
  }
});

test("a comma that the page writes for thousands is not read as a decimal point", () => {
  /** @type {[text: string, plain: string | null][]} */
  const cases = [
    ["10,000", "10000"],
    [" 1,234,567.5 ", "1234567.5"],
    ["10000.5", "10000.5"],
    [".5", "0.5"],
    ["7.", "7"],
    ["007.10", "007.10"],
    ["1,5", null],
    ["0,123", null],
    ["1,00", null],
    ["10,00,000", null],
    ["1000,000", null],
    ["1.234,5", null],
    ["1.2.3", null],
    [",5", null],
    [",500", null],
    ["1,,000", null],
    ["1.000,000", null],
    ["10 000", null],
  ];
  for (const [text, plain] of cases) assert.equal(english.read(text), plain, text);
});

test("a German page reads a comma as what it writes there", () => {
  const german = new NumberStyle("de");
  assert.equal(german.read("1,5"), "1.5");
  assert.equal(german.read("10.000"), "10000");
  assert.equal(german.read("1.5"), null);
  assert.equal(german.read("10,000.5"), null);
  assert.equal(
    german.rule,
    "A number such as 10.000,5: a point separates thousands, a comma the decimals",
  );
});

test("separators that are on no keyboard may be typed as those that are", () => {
  const french = new NumberStyle("fr");
  for (const space of [" ", "\u00a0", "\u202f"]) {
    assert.equal(french.read(`10${space}000,5`), "10000.5");
  }
  assert.equal(french.read("10 00"), null);
  const swiss = new NumberStyle("de-CH");
  for (const text of ["10'000.5", "10’000.5", swiss.write("10000.5")]) {
    assert.equal(swiss.read(text), "10000.5");
  }
});

test("a format that is chosen is read as it is written, whatever the language", () => {
  const written = { en: "1,234.5", de: "1.234,5", fr: "1\u202f234,5", "de-CH": "1’234.5" };
  assert.deepEqual(Object.keys(written), [...numbers.NUMBER_STYLES]);
  for (const [locale, text] of Object.entries(written)) {
    const style = new NumberStyle(locale);
    assert.equal(style.write("1234.5").replace("'", "’"), text); // languages change with the browser
    for (const plain of ["1234.5", "0.00012345", "999", "1000000", "12345678.90"]) {
      assert.equal(style.read(style.write(plain)), plain, locale);
      assert.equal(style.read(style.typed(plain)), plain, locale);
    }
    for (const other of Object.values(written)) {
      if (other !== text) assert.equal(style.read(other), null, `${other} in ${locale}`);
    }
  }
});

test("a number that was copied from a page written from right to left is read", () => {
  assert.equal(english.read("\u2068\u206810,000.5\u2069\u2069"), "10000.5");
  assert.equal(english.read("\u200e10,000.5 \u200f"), "10000.5");
});

test("what is no number is none in any language", () => {
  for (const text of ["", " ", ".", ",", "-1", "+1", "1e3", "0x10", "NaN", "1/2", "١٢", "1 . 5"]) {
    for (const locale of ["en", "de", "ar"]) {
      assert.equal(new NumberStyle(locale).read(text), null, `${text} ${locale}`);
    }
  }
});

test("numbers are shown in groups, large ones cut", () => {
  assert.equal(numbers.grouped("1234567.8901"), "1,234,567.8901");
  assert.equal(numbers.grouped("123"), "123");
  assert.equal(numbers.compact("1234567.89"), "1.23M");
  assert.equal(numbers.compact("12.3456"), "12.34");
  assert.equal(numbers.neat("100000.00000000"), "100,000.00");
  assert.equal(numbers.neat("999951846.45994293"), "999,951,846.45");
  assert.equal(numbers.neat("0.00012300"), "0.000123");
  assert.equal(numbers.neat("7"), "7.00");
  assert.equal(numbers.padded("010000", 2), "10,000.00");
  assert.equal(numbers.padded(".12300", 2), "0.123");
});

test("an amount is cut to its room, never to nothing", () => {
  /** @type {[plain: string, room: number, shown: string][]} */
  const cases = [
    ["1.00000", 9, "1.00000"],
    ["1234.56789", 8, "1,234.56"],
    ["1234.56789", 5, "1,234"],
    ["1234.56789", 4, "1.2K"],
    ["12345678.00000", 9, "12.34M"],
    ["12345678.00000", 10, "12,345,678"],
    ["123456789012.5", 9, "123.45B"],
    ["1234567890123456.5", 9, "1,234,567B"],
    ["0.00000012", 8, "<0.00001"],
    ["0.00000000", 8, "0.000000"],
  ];
  for (const [plain, room, shown] of cases) assert.equal(numbers.fitted(plain, room), shown);
});
