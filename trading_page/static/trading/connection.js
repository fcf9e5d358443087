// From the states of several streams the one that a person is told. No input or output.

const SHOW_AFTER_MS = 400; // a stream that comes back sooner was not missed
const NEW_AFTER_MS = 3_000; // one that is new, as after a login, may take its time
const RECOVERED_MS = 5_000;

/** @typedef {"connecting" | "live" | "reconnecting" | "recovered"} ConnectionState */

/** Calls `onState` whenever the state changes. */
export class Connection {
  /**
   * @param {(state: ConnectionState) => void} onState
   * @param {{
   *   setTimeout?(act: () => void, ms: number): unknown,
   *   clearTimeout?(timer: unknown): void,
   * }} clock
   */
  constructor(
    onState,
    {
      setTimeout: later = globalThis.setTimeout,
      clearTimeout: never = globalThis.clearTimeout,
    } = {},
  ) {
    this.onState = onState;
    this.later = later.bind(globalThis);
    this.never = never.bind(globalThis);
    /** @type {Map<string, boolean>} By name whether it is up. */
    this.streams = new Map();
    /** @type {Set<string>} Those that have been up. */
    this.begun = new Set();
    /** @type {ConnectionState} */
    this.state = "connecting";
    /** @type {unknown} */
    this.timer = undefined;
  }

  /**
   * A stream of this name is wanted from now on.
   *
   * @param {string} name
   */
  expect(name) {
    this.streams.set(name, false);
    this.begun.delete(name);
    this.judge();
  }

  /**
   * It is not wanted any more.
   *
   * @param {string} name
   */
  forget(name) {
    this.streams.delete(name);
    this.judge();
  }

  /** @param {string} name */
  up(name) {
    if (this.streams.get(name) !== false) return;
    this.streams.set(name, true);
    this.begun.add(name);
    this.judge();
  }

  /** @param {string} name */
  down(name) {
    if (this.streams.get(name) !== true) return;
    this.streams.set(name, false);
    this.judge();
  }

  judge() {
    const isComplete = this.streams.size > 0 && [...this.streams.values()].every(Boolean);
    this.never(this.timer);
    if (isComplete) {
      if (this.state === "connecting") this.enter("live");
      else if (this.state !== "live") {
        this.enter("recovered");
        this.timer = this.later(() => this.enter("live"), RECOVERED_MS);
      }
    } else if (this.state === "live" || this.state === "recovered") {
      const isLost = [...this.streams].some(([name, isUp]) => !isUp && this.begun.has(name));
      this.timer = this.later(
        () => this.enter("reconnecting"),
        isLost ? SHOW_AFTER_MS : NEW_AFTER_MS,
      );
    }
  }

  /** @param {ConnectionState} state */
  enter(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }
}
