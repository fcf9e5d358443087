// Who is logged in. Tokens are kept in memory and, for a reload of this tab, in sessionStorage;
// never in a cookie.

import { signal } from "@preact/signals";
import { call, Refusal } from "./api.js";
import { Twins } from "./twins.js";

const KEY = "session";
const AHEAD_MS = 60_000; // a token that ends sooner is exchanged before it is used

/**
 * @import { DemoAccount, Token } from "./answers.d.ts"
 * @import { Answer } from "./api.js"
 * @import { Channel } from "./twins.js"
 * @typedef {{ username: string, access: string, refresh: string, endsAt: number }} Login
 */

/** The user's name; null when nobody is logged in. */
export const account = signal(/** @type {string | null} */ (null));
/** How often a login came to an end that nobody had asked for. */
export const ended = signal(0);

/** @type {Login | null} */
let tokens = null;
/** @type {Promise<void> | null} */
let renewing = null;
// A duplicated tab has a copy of the tokens, and a refresh token is good once: used twice, it ends
// the login for both.
const channel = globalThis.BroadcastChannel
  ? /** @type {Channel<Login>} */ (new BroadcastChannel(KEY))
  : null;
const twins = new Twins(channel, {
  onResult: (spent, found) => tokens?.refresh === spent && keep(found),
});

/** Takes up the login that this tab had before it was reloaded. */
export function restore() {
  try {
    keep(JSON.parse(sessionStorage.getItem(KEY) ?? "null"));
  } catch {
    keep(null);
  }
}

/**
 * Throws Refusal, NoAnswer.
 *
 * @param {string} username
 * @param {string} password
 */
export async function logIn(username, password) {
  /** @type {Answer<Token>} */
  const { data } = await call("POST", "/auth/token", { body: { username, password } });
  begin(username, data);
}

/**
 * Makes a funded demo account and logs it in; returns its name and password. Throws Refusal,
 * NoAnswer.
 */
export async function tryDemo() {
  /** @type {Answer<DemoAccount>} */
  const { data } = await call("POST", "/demo/accounts");
  begin(data.username, data);
  return { username: data.username, password: data.password };
}

/** Logs out here at once, and at the exchange as far as it can be reached. */
export async function logOut() {
  const spent = tokens?.refresh;
  keep(null);
  if (!spent) return;
  await call("POST", "/auth/token/revoke", { body: { refresh: spent } }).catch(() => {});
}

/**
 * Returns an access token that is good for a while; null when nobody is logged in. Throws NoAnswer.
 */
export async function accessToken({ isRefused = false } = {}) {
  if (!tokens) return null;
  if (isRefused || Date.now() > tokens.endsAt - AHEAD_MS) await (renewing ??= renew(tokens));
  return tokens?.access ?? null;
}

/**
 * As `call`, for the one who is logged in. A token that is refused is exchanged once.
 *
 * @template Data
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Answer<Data>>}
 */
export async function ask(method, path, body) {
  try {
    return await call(method, path, { body, token: await accessToken() });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    const token = await accessToken({ isRefused: true });
    if (!token) throw error;
    return call(method, path, { body, token });
  }
}

/** @param {Login} login */
async function renew({ username, refresh: spent }) {
  try {
    const found = await twins.once(spent, async () => {
      /** @type {Answer<Token>} */
      const { data } = await call("POST", "/auth/token/refresh", { body: { refresh: spent } });
      return whole(username, data);
    });
    if (tokens?.refresh === spent) keep(found);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    if (tokens?.refresh !== spent) return;
    keep(null);
    ended.value += 1;
  } finally {
    renewing = null;
  }
}

/**
 * @param {string} username
 * @param {Token} data
 */
function begin(username, data) {
  keep(whole(username, data));
}

/**
 * @param {string} username
 * @param {Token} data
 */
function whole(username, { access, refresh, expires_in: seconds }) {
  return { username, access, refresh, endsAt: Date.now() + seconds * 1_000 };
}

/** @param {Login | null} found */
function keep(found) {
  tokens = found;
  account.value = found?.username ?? null;
  try {
    if (found) sessionStorage.setItem(KEY, JSON.stringify(found));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the login lasts as long as the page.
  }
}
