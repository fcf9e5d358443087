// What a pointer takes hold of on the chart and moves. The chart's own scrolling knows nothing of
// it meanwhile.

/** @typedef {{ x: number, y: number }} Point In pixels of the chart. */
/**
 * @typedef {{
 *   move: (to: Point) => void,
 *   end: (at: Point) => void,
 *   cancel: () => void,
 * }} Gesture
 */
/** @typedef {(at: Point, event: PointerEvent) => Gesture | null} Taker Null when nothing is there. */

export class Gestures {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Taker[]} */
    this.takers = [];
    /** @type {{ gesture: Gesture, pointer: number, stop: AbortController } | null} */
    this.held = null;
    this.stop = new AbortController();
    const { signal } = this.stop;
    const early = { capture: true, signal };
    root.addEventListener("pointerdown", (event) => this.press(event), early);
    // Else the chart is scrolled by the same finger, or the page.
    root.addEventListener("touchstart", (event) => this.held && keepBack(event), {
      ...early,
      passive: false,
    });
  }

  end() {
    this.cancel();
    this.stop.abort();
  }

  /**
   * Asks `taker` of each press; those asked last are asked first. Returns how to stop that.
   *
   * @param {Taker} taker
   */
  ask(taker) {
    this.takers.unshift(taker);
    return () => {
      this.takers = this.takers.filter((other) => other !== taker);
    };
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || this.held) return;
    const at = this.pointOf(event);
    for (const taker of this.takers) {
      const gesture = taker(at, event);
      if (gesture) {
        keepBack(event); // and so no click follows
        this.begin(gesture, event);
        return;
      }
    }
  }

  /**
   * Leads a gesture that was begun by this event, here or on something above the chart.
   *
   * @param {Gesture} gesture
   * @param {PointerEvent} event
   */
  begin(gesture, event) {
    this.cancel();
    const stop = new AbortController();
    const early = { capture: true, signal: stop.signal };
    this.held = { gesture, pointer: event.pointerId, stop };
    /** @param {(event: PointerEvent) => void} take */
    const own = (take) => (/** @type {PointerEvent} */ other) => {
      if (other.pointerId === event.pointerId) take(other);
    };
    addEventListener(
      "pointermove",
      own((other) => gesture.move(this.pointOf(other))),
      early,
    );
    addEventListener(
      "pointerup",
      own((other) => this.release(other)),
      early,
    );
    addEventListener(
      "pointercancel",
      own(() => this.cancel()),
      early,
    );
    addEventListener("blur", () => this.cancel(), early);
    addEventListener("keydown", (pressed) => this.onKey(pressed), early);
  }

  /** @param {PointerEvent} event */
  release(event) {
    const { held } = this;
    this.letGo();
    held?.gesture.end(this.pointOf(event));
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key !== "Escape") return;
    keepBack(event);
    this.cancel();
  }

  /** Takes back what has been moved so far. */
  cancel() {
    const { held } = this;
    this.letGo();
    held?.gesture.cancel();
  }

  letGo() {
    this.held?.stop.abort();
    this.held = null;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  pointOf({ clientX, clientY }) {
    const { left, top } = this.root.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}

/** @param {Event} event */
function keepBack(event) {
  event.preventDefault();
  event.stopPropagation();
}
