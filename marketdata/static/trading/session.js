// Who is logged in. Tokens are kept in memory and, for a reload of this tab, in sessionStorage; never in a cookie.

import { signal } from "@preact/signals";
import { call, Refusal } from "./api.js";

const KEY = "session";
const AHEAD_MS = 60_000; // a token that ends sooner is exchanged before it is used

/** The user's name; null when nobody is logged in. */
export const account = signal(null);

let tokens = null; // {username, access, refresh, endsAt}
let refreshing = null;

/** Takes up the login that this tab had before it was reloaded. */
export function restore() {
  try {
    keep(JSON.parse(sessionStorage.getItem(KEY)));
  } catch {
    keep(null);
  }
}

/** Throws Refusal, NoAnswer. */
export async function logIn(username, password) {
  const { data } = await call("POST", "/auth/token", { body: { username, password } });
  begin(username, data);
}

/** Makes a funded demo account and logs it in; returns its name and password. Throws Refusal, NoAnswer. */
export async function tryDemo() {
  const { data } = await call("POST", "/demo/accounts");
  begin(data.username, data);
  return { username: data.username, password: data.password };
}

/** Logs out here at once, and at the exchange as far as it can be reached. */
export async function logOut() {
  const refresh = tokens?.refresh;
  keep(null);
  if (refresh) await call("POST", "/auth/token/revoke", { body: { refresh } }).catch(() => {});
}

/** Returns an access token that is good for a while; null when nobody is logged in. Throws NoAnswer. */
export async function accessToken({ isRefused = false } = {}) {
  if (!tokens) return null;
  if (isRefused || Date.now() > tokens.endsAt - AHEAD_MS) await (refreshing ??= refresh());
  return tokens?.access ?? null;
}

/** As `call`, for the one who is logged in. A token that is refused is exchanged once. */
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

async function refresh() {
  try {
    const { data } = await call("POST", "/auth/token/refresh", { body: { refresh: tokens.refresh } });
    if (tokens) begin(tokens.username, data);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    keep(null); // the login is over
  } finally {
    refreshing = null;
  }
}

function begin(username, { access, refresh, expires_in: seconds }) {
  keep({ username, access, refresh, endsAt: Date.now() + seconds * 1_000 });
}

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
