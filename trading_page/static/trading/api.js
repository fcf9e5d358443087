// The REST API: an answer's data, or an error that says what the exchange said.

import { gettext } from "./texts.js";

const TIMEOUT_MS = 10_000;

/**
 * @import { ErrorBody, Meta, Pagination } from "./answers.d.ts"
 */

/**
 * What the exchange answers when it has done what it was asked to.
 *
 * @template Data
 * @typedef {{ success: true, data: Data, meta: Meta, pagination?: Pagination }} Answer
 */

/** @typedef {{ success: false, error?: ErrorBody }} Refused */

/**
 * The exchange refused: `code`, a message for a person, and `details`, per field where a field is
 * wrong.
 */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Omit<ErrorBody, "details"> & Partial<Pick<ErrorBody, "details">>} error
   */
  constructor(status, { code, message, details = {} }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/**
 * No answer came, or none that can be read: it is not known whether the exchange did what it was
 * asked to.
 */
export class NoAnswer extends Error {}

/**
 * Returns the answer of a call below /api/v1. Throws Refusal, NoAnswer.
 *
 * @template Data
 * @param {string} method
 * @param {string} path
 * @param {{ body?: object, token?: string | null }} options
 * @returns {Promise<Answer<Data>>}
 */
export async function call(method, path, { body, token } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  /** @type {Answer<Data> | Refused} */
  let content;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    content = await answer.json();
  } catch (error) {
    throw new NoAnswer(gettext("The exchange did not answer"), { cause: error });
  }
  if (content.success) return content;
  if (!content.error) {
    throw new NoAnswer(gettext("The exchange answered {status}", { status: answer.status }));
  }
  throw new Refusal(answer.status, content.error);
}

/**
 * `{symbol: "BTC/USDT", limit: 5}` as a query. What is undefined is left out.
 *
 * @param {Record<string, string | number | undefined>} fields
 */
export function query(fields) {
  const given = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** @param {string} symbol */
export function slug(symbol) {
  return symbol.replace("/", "-");
}
