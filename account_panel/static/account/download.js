// A list as a file: all of what is chosen, as the exchange writes it.

import { useRef, useState } from "preact/hooks";
import { NoAnswer, query as queryText, Refusal } from "#page/api.js";
import { html } from "#page/html.js";
import { zone } from "#page/times.js";
import { tell } from "#page/notices.js";
import { grouped } from "#page/numbers.js";
import { accessToken } from "#page/session.js";
import { gettext } from "#page/texts.js";
import { fileName } from "./filters.js";

/**
 * @import { Feed, Happening } from "./feed.js"
 */

const KEY = "file"; // of its notice
const LINE_END = 10; // the byte
const MARK = "\uFEFF"; // without it a spreadsheet takes the letters for those of another alphabet

/** @param {{ feed: Feed<Happening> }} props */
export function Download({ feed }) {
  const [lines, setLines] = useState(/** @type {number | null} */ (null));
  const stopping = useRef(/** @type {AbortController | null} */ (null));
  const begin = async () => {
    const stop = new AbortController();
    stopping.current = stop;
    setLines(0);
    await save(feed, setLines, stop.signal).catch(say);
    setLines(null);
  };
  if (lines === null) {
    const title = gettext("All of this list as a file, for spreadsheets");
    return html`<button type="button" title=${title} onClick=${begin}>CSV</button>`;
  }
  const count = grouped(String(Math.max(0, lines - 1)));
  return html`
    <button type="button" onClick=${() => stopping.current?.abort()}>
      ${gettext("{count} rows · stop", { count })}
    </button>
  `;
}

/** @param {unknown} error */
function say(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (!(error instanceof NoAnswer || error instanceof Refusal)) throw error;
  const details = error instanceof Refusal ? Object.values(error.details).flat() : [];
  tell(String(details[0] ?? error.message), "error", KEY);
}

/**
 * @param {Feed<Happening>} feed
 * @param {(lines: number) => void} onLines
 * @param {AbortSignal} signal
 */
async function save({ source, query }, onLines, signal) {
  const answer = await file(`${source.path}${queryText(query)}`, signal);
  const parts = await partsOf(answer, onLines);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([MARK, ...parts], { type: "text/csv;charset=utf-8" }));
  link.download = fileName(source.name, query, Date.now(), zone);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * The answer to a request for a file. A token that is refused is exchanged once. Throws Refusal,
 * NoAnswer, and AbortError when it is stopped.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 */
async function file(path, signal, { isRefused = false } = {}) {
  const token = await accessToken({ isRefused });
  const headers = { Accept: "text/csv", Authorization: `Bearer ${token ?? ""}` };
  const answer = await fetch(`/api/v1${path}`, { headers, signal, credentials: "omit" }).catch(
    lost,
  );
  if (answer.status === 401 && !isRefused) return file(path, signal, { isRefused: true });
  if (answer.ok) return answer;
  const content = await answer.json().catch(() => ({}));
  if (content.error) throw new Refusal(answer.status, content.error);
  throw new NoAnswer(gettext("The exchange answered {status}", { status: answer.status }));
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function lost(error) {
  if (error instanceof DOMException && error.name === "AbortError") throw error;
  throw new NoAnswer(gettext("The exchange did not answer"), { cause: error });
}

/**
 * @param {Response} answer
 * @param {(lines: number) => void} onLines
 */
async function partsOf(answer, onLines) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let lines = 0;
  const reader = /** @type {ReadableStream} */ (answer.body).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(lost);
    if (done) return parts;
    parts.push(value);
    for (const byte of value) if (byte === LINE_END) lines += 1;
    onLines(lines);
  }
}
