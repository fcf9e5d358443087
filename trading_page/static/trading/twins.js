// What must happen once among the tabs of this browser that share a secret, as a duplicated tab
// does. No input or output.

const ASK_MS = 150; // a tab that is awake answers much sooner
const KEPT = 20;

/**
 * What tabs tell each other: with a result what became of a secret, without one a question for it.
 *
 * @template Result
 * @typedef {{ secret: string, result?: Result }} Told
 */

/**
 * What is used of a BroadcastChannel.
 *
 * @template Result
 * @typedef {object} Channel
 * @property {((event: { data: Told<Result> }) => void) | null} onmessage
 * @property {(told: Told<Result>) => void} postMessage
 */

/** @typedef {{ request<R>(name: string, act: () => Promise<R>): Promise<R> }} Locks */

/**
 * Tabs that tell each other over a channel (null where there is none) what became of a secret:
 * `onResult` is called for each result that comes from another tab. Where the browser has locks,
 * two that begin at the same moment wait for each other.
 *
 * @template {string | number | object} Result
 */
export class Twins {
  /**
   * @param {Channel<Result> | null} channel
   * @param {{
   *   onResult?: (secret: string, result: Result) => void,
   *   locks?: Locks | null,
   *   setTimeout?(act: () => void, ms: number): unknown,
   * }} options
   */
  constructor(
    channel,
    {
      onResult = () => {},
      locks = globalThis.navigator?.locks,
      setTimeout: later = globalThis.setTimeout,
    } = {},
  ) {
    this.channel = channel;
    this.onResult = onResult;
    this.locks = locks;
    this.later = later.bind(globalThis);
    /** @type {Map<string, Result>} Of the last secrets. */
    this.results = new Map();
    /** @type {Map<string, (result: Result) => void>} By secret the question that waits. */
    this.asked = new Map();
    if (channel) channel.onmessage = ({ data }) => this.hear(data);
  }

  /**
   * Returns what `act()` returned for this secret, here or in another tab. Throws what it throws
   * here.
   *
   * @param {string} secret
   * @param {() => Promise<Result>} act
   */
  once(secret, act) {
    const attempt = () => this.attempt(secret, act);
    return this.locks ? this.locks.request(`once ${secret}`, attempt) : attempt();
  }

  /**
   * @param {string} secret
   * @param {() => Promise<Result>} act
   */
  async attempt(secret, act) {
    const known = this.results.get(secret) ?? (await this.ask(secret));
    if (known) return known;
    const result = await act();
    this.note(secret, result);
    this.channel?.postMessage({ secret, result });
    return result;
  }

  /** @param {string} secret */
  async ask(secret) {
    if (!this.channel) return null;
    /** @type {Promise<Result | null>} */
    const answer = new Promise((resolve) => {
      this.asked.set(secret, resolve);
      this.later(() => resolve(null), ASK_MS);
    });
    this.channel.postMessage({ secret });
    try {
      return await answer;
    } finally {
      this.asked.delete(secret);
    }
  }

  /** @param {Told<Result>} told */
  hear({ secret, result }) {
    if (result) {
      this.note(secret, result);
      this.asked.get(secret)?.(result);
      this.onResult(secret, result);
    } else if (this.results.has(secret)) {
      this.channel?.postMessage({ secret, result: this.results.get(secret) });
    }
  }

  /**
   * @param {string} secret
   * @param {Result} result
   */
  note(secret, result) {
    this.results.set(secret, result);
    const [oldest] = this.results.keys();
    if (this.results.size > KEPT) this.results.delete(oldest);
  }
}
