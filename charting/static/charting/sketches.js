// Draws what people draw on the chart, and lets them draw, choose and move it.

import { effect } from "@preact/signals";
import { toolsAreOpen } from "#page/chart.js";
import { gettext } from "#page/texts.js";
import { board, chosen, put, removeChosen, tool, undo } from "./board.js";
import { anchorOf, DRAWINGS_MAX, freshId, gripAt, moved, POINTS } from "./drawings.js";
import { drawOne } from "./ink.js";
import { Surface } from "./surface.js";

/**
 * @import { Drawing, DrawingKind, Grip, Point, Spot } from "./drawings.js"
 * @import { Gesture } from "./gestures.js"
 * @import { CandleView } from "./view.js"
 */

const CLICK_PX = 4; // a press that moves less is a click

export class Sketches {
  /** @param {CandleView} view */
  constructor(view) {
    this.view = view;
    this.symbol = view.market.symbol;
    this.surface = new Surface(view);
    this.board = board(this.symbol);
    /** @type {Drawing | null} What is being drawn, or moved, as it is now. */
    this.draft = null;
    this.isOpen = false; // the draft has its first point and waits for a click at the second
    this.requestUpdate = () => {};
    view.candles.attachPrimitive(this.primitive());
    const stop = new AbortController();
    const { signal } = stop;
    view.root.addEventListener("pointermove", (event) => this.hover(event), { signal });
    addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.stop = [
      () => stop.abort(),
      view.gestures.ask((at) => this.press(at)),
      effect(() => this.follow()),
    ];
  }

  end() {
    for (const stop of this.stop) stop();
  }

  /** Another tool in hand ends what was begun with the last one. */
  follow() {
    void [this.board.value, chosen.value]; // read, so that the effect follows them
    if (tool.value !== this.draft?.kind && this.isOpen) this.drop();
    this.requestUpdate();
  }

  reload() {
    this.surface.reload();
  }

  update() {
    this.surface.update();
  }

  dress() {
    this.requestUpdate();
  }

  /** All drawings as they are to be seen now. */
  get shown() {
    const { draft } = this;
    const kept = this.board.peek();
    if (!draft) return kept;
    const others = kept.filter(({ id }) => id !== draft.id);
    return [...others, draft];
  }

  /**
   * The drawing under the pointer, and what of it.
   *
   * @param {Point} at
   */
  find(at) {
    for (const drawing of [...this.shown].reverse()) {
      const points = this.surface.pointsOf(drawing);
      const grip = points && gripAt(drawing.kind, points, at, this.surface.width);
      if (grip !== null) return { drawing, grip };
    }
    return null;
  }

  // --- drawing and moving -----------------------------------------------------------------------

  /**
   * @param {Point} at
   * @returns {Gesture | null}
   */
  press(at) {
    const spot = this.surface.has(at) ? this.surface.spotAt(at) : null;
    if (!spot) return null;
    const kind = tool.peek();
    if (kind) return this.drawing(kind, at, spot);
    const found = this.find(at);
    chosen.value = found ? found.drawing.id : null;
    return found && this.moving(found.drawing, found.grip, { at, spot });
  }

  /**
   * Draws: press, move and let go, or one click after the other.
   *
   * @param {DrawingKind} kind
   * @param {Point} start
   * @param {Spot} spot
   * @returns {Gesture}
   */
  drawing(kind, start, spot) {
    if (!this.draft) this.begin(kind, spot);
    this.extend(start);
    return {
      move: (to) => this.extend(to),
      end: (at) => {
        const isFirst = !this.isOpen && POINTS[kind] > 1;
        if (isFirst && isClick(start, at)) this.isOpen = this.draft !== null;
        else this.finish();
      },
      cancel: () => this.drop(),
    };
  }

  /**
   * @param {DrawingKind} kind
   * @param {Spot} spot
   */
  begin(kind, spot) {
    const others = this.board.peek();
    if (others.length >= DRAWINGS_MAX) {
      tool.value = null;
      this.view.message.show(
        gettext("A market has at most {most} drawings: delete one first", { most: DRAWINGS_MAX }),
      );
      return;
    }
    const points = Array.from({ length: POINTS[kind] }, () => anchorOf(spot, this.surface.axis));
    this.draft = { id: freshId(others), kind, points };
  }

  /** @param {Point} to */
  extend(to) {
    const spot = this.draft && this.surface.spotAt(to);
    if (!this.draft || !spot) return;
    const points = [...this.draft.points];
    points[points.length - 1] = anchorOf(spot, this.surface.axis);
    this.draft = { ...this.draft, points };
    this.requestUpdate();
  }

  finish() {
    const { draft } = this;
    this.drop();
    if (!draft) return;
    put(this.symbol, draft);
    chosen.value = draft.id;
    tool.value = null;
  }

  /** What was being drawn or moved is as before. */
  drop() {
    this.draft = null;
    this.isOpen = false;
    this.requestUpdate();
  }

  /**
   * @param {Drawing} drawing
   * @param {Grip} grip
   * @param {{ at: Point, spot: Spot }} start
   * @returns {Gesture}
   */
  moving(drawing, grip, { at: start, spot: from }) {
    return {
      move: (at) => {
        const to = this.surface.spotAt(at);
        if (!to || (!this.draft && isClick(start, at))) return;
        this.draft = {
          ...drawing,
          points: moved(drawing.points, grip, { from, to }, this.surface.axis),
        };
        this.requestUpdate();
      },
      end: () => {
        const { draft } = this;
        this.drop();
        if (draft) put(this.symbol, draft);
      },
      cancel: () => this.drop(),
    };
  }

  /** @param {PointerEvent} event */
  hover(event) {
    if (this.isOpen) this.extend(this.view.gestures.pointOf(event));
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const isTyping = /** @type {Element} */ (event.target).closest?.("input, select, dialog");
    if (isTyping || event.defaultPrevented) return;
    if (event.key === "Escape") this.escape();
    else if (["Delete", "Backspace"].includes(event.key)) removeChosen(this.symbol);
    else if (event.key === "z" && (event.ctrlKey || event.metaKey) && toolsAreOpen.peek()) {
      event.preventDefault();
      undo(this.symbol);
    }
  }

  /** One step back: what is being drawn, then the tool, then the choice. */
  escape() {
    if (this.draft) this.drop();
    else if (tool.peek()) tool.value = null;
    else chosen.value = null;
  }

  // --- painting ---------------------------------------------------------------------------------

  /** What the chart library asks. */
  primitive() {
    /** @type {import("lightweight-charts").IPrimitivePaneView} */
    const paneView = {
      renderer: () => ({
        draw: (target) => target.useMediaCoordinateSpace(({ context }) => this.draw(context)),
      }),
    };
    /** @type {import("lightweight-charts").ISeriesPrimitive} */
    const primitive = {
      attached: ({ requestUpdate }) => {
        this.requestUpdate = requestUpdate;
      },
      paneViews: () => [paneView],
      hitTest: (x, y) => {
        const found = tool.peek() ? null : this.find({ x, y });
        if (!found) return null;
        return { externalId: found.drawing.id, cursorStyle: "move", zOrder: "normal" };
      },
    };
    return primitive;
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const ink = { colour: this.view.palette.accent, width: this.surface.width };
    for (const drawing of this.shown) {
      const points = this.surface.pointsOf(drawing);
      const isChosen = drawing.id === chosen.peek() || drawing.id === this.draft?.id;
      if (points) drawOne(context, drawing, points, { ...ink, isChosen, format: this.view.format });
    }
  }
}

/**
 * @param {Point} start
 * @param {Point} end
 */
function isClick(start, end) {
  return Math.hypot(end.x - start.x, end.y - start.y) < CLICK_PX;
}
