// What must happen once among the tabs of this browser that share a secret, as a duplicated tab does. No input or output.

const ASK_MS = 150; // a tab that is awake answers much sooner
const KEPT = 20;

/**
 * Tabs that tell each other over a channel (a BroadcastChannel; null where there is none) what became of a secret:
 * `onResult(secret, result)` is called for each that comes from another tab. Where the browser has locks, two that begin at
 * the same moment wait for each other.
 */
export class Twins {
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
    this.results = new Map(); // of the last secrets
    this.asked = new Map(); // secret -> who waits for an answer
    if (channel) channel.onmessage = ({ data }) => this.hear(data);
  }

  /** Returns what `act()` returned for this secret, here or in another tab. Throws what it throws here. */
  once(secret, act) {
    const attempt = () => this.attempt(secret, act);
    return this.locks ? this.locks.request(`once ${secret}`, attempt) : attempt();
  }

  async attempt(secret, act) {
    const known = this.results.get(secret) ?? (await this.ask(secret));
    if (known) return known;
    const result = await act();
    this.note(secret, result);
    this.channel?.postMessage({ secret, result });
    return result;
  }

  async ask(secret) {
    if (!this.channel) return null;
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

  hear({ secret, result }) {
    if (result) {
      this.note(secret, result);
      this.asked.get(secret)?.(result);
      this.onResult(secret, result);
    } else if (this.results.has(secret))
      this.channel.postMessage({ secret, result: this.results.get(secret) });
  }

  note(secret, result) {
    this.results.set(secret, result);
    if (this.results.size > KEPT) this.results.delete(this.results.keys().next().value);
  }
}
