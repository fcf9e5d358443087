// The REST API: an answer's data, or an error that says what the exchange said.

const TIMEOUT_MS = 10_000;

/** The exchange refused: `code`, a message for a person, and `details`, per field where a field is wrong. */
export class Refusal extends Error {
  constructor(status, { code, message, details = {} }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** No answer came, or none that can be read: it is not known whether the exchange did what it was asked to. */
export class NoAnswer extends Error {}

/** Returns `{data, meta, pagination}` of a call below /api/v1. Throws Refusal, NoAnswer. */
export async function call(method, path, { body, token } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
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
    throw new NoAnswer("The exchange did not answer", { cause: error });
  }
  if (content.success) return content;
  if (!content.error) throw new NoAnswer(`The exchange answered ${answer.status}`);
  throw new Refusal(answer.status, content.error);
}

/** `{symbol: "BTC/USDT", limit: 5}` as a query. What is undefined is left out. */
export function query(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

export function slug(symbol) {
  return symbol.replace("/", "-");
}
