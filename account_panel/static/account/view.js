// The part of a long list that is seen, whether the list is scrolled by itself or with the page.

import { paint, unpaint } from "#page/frame.js";
import { nearPieces } from "./rows.js";

/**
 * @import { Happening } from "./feed.js"
 */

const ROW_PX = 28; // until one has been measured

/** What is seen of a list, and how high its pieces are. */
export class View {
  constructor() {
    /** @type {Map<string, { height: number, count: number }>} By the name of the piece. */
    this.measured = new Map();
    this.rowPx = ROW_PX;
    this.top = 0;
    this.bottom = innerHeight;
    this.shown = "";
    /** @type {{ id: string, offset: number } | null} The row that is not to move. */
    this.anchor = null;
  }

  /**
   * @template {Happening} Item
   * @param {Item[][]} pieces
   * @param {(item: Item) => string} place
   */
  near(pieces, place) {
    const found = nearPieces(this.heights(pieces, place), this.top, this.bottom);
    this.shown = `${found.first} ${found.last}`;
    this.pieces = () => nearPieces(this.heights(pieces, place), this.top, this.bottom);
    return found;
  }

  /**
   * @template {Happening} Item
   * @param {Item[][]} pieces
   * @param {(item: Item) => string} place
   */
  heights(pieces, place) {
    return pieces.map((piece) => {
      const known = this.measured.get(place(piece[piece.length - 1]));
      return piece.length * (known ? known.height / known.count : this.rowPx);
    });
  }

  /**
   * Looks again when something is scrolled or has another size: the list may be scrolled by itself,
   * or with the page. Returns how to stop that.
   *
   * @param {HTMLElement} root
   * @param {() => void} draw
   * @param {() => void} readOn
   */
  watch(root, draw, readOn) {
    const look = () => {
      this.look(root);
      const { first, last } = this.pieces?.() ?? {};
      if (`${first} ${last}` !== this.shown) draw();
      if (this.isEndNear(root)) readOn();
    };
    const soon = () => paint(look);
    const resizing = new ResizeObserver(soon);
    resizing.observe(root);
    addEventListener("scroll", soon, { capture: true, passive: true });
    addEventListener("resize", soon);
    this.again = soon;
    readOn();
    return () => {
      resizing.disconnect();
      removeEventListener("scroll", soon, { capture: true });
      removeEventListener("resize", soon);
      unpaint(look);
    };
  }

  /** @param {HTMLElement} root */
  look(root) {
    const { top, bottom } = seen(root);
    const start = startOf(root);
    this.top = top - start;
    this.bottom = Math.max(bottom - start, this.top);
    this.hold(root);
  }

  /** @param {HTMLElement} root */
  isEndNear(root) {
    const end = root.querySelector(".list-end");
    const { top, bottom } = seen(root);
    return end !== null && end.getBoundingClientRect().top < 2 * bottom - top;
  }

  /**
   * After the list has been drawn: measures it, and keeps what is seen where it was.
   *
   * @param {HTMLElement} root
   */
  settle(root) {
    for (const body of root.querySelectorAll("[data-piece]")) {
      const [height, count] = [body.getBoundingClientRect().height, body.children.length];
      this.measured.set(body.getAttribute("data-piece") ?? "", { height, count });
      if (height > 0) this.rowPx = height / count;
    }
    if (this.anchor) {
      const row = root.querySelector(`[data-row="${this.anchor.id}"]`);
      const moved = row ? topOf(row) - startOf(root) - this.anchor.offset : 0;
      if (moved) scroll(root, moved);
    }
    this.hold(root);
    this.again?.();
  }

  /**
   * Keeps in mind the first row that is seen, unless the top of the list is.
   *
   * @param {HTMLElement} root
   */
  hold(root) {
    const { top } = seen(root);
    const start = startOf(root);
    this.anchor = null;
    if (start >= top - 1) return;
    for (const row of root.querySelectorAll("[data-row]")) {
      const box = row.getBoundingClientRect();
      if (box.bottom <= top) continue;
      this.anchor = { id: row.getAttribute("data-row") ?? "", offset: box.top - start };
      return;
    }
  }
}

/**
 * The part of the window in which a list is seen, below its head.
 *
 * @param {HTMLElement} root
 */
function seen(root) {
  const { top, bottom } = root.getBoundingClientRect();
  const head = root.querySelector("thead th")?.getBoundingClientRect();
  const from = Math.max(top, 0, head?.bottom ?? 0);
  return { top: from, bottom: Math.max(from, Math.min(bottom, innerHeight)) };
}

/**
 * Where the rows of a list begin, in the window.
 *
 * @param {HTMLElement} root
 */
function startOf(root) {
  const gap = root.querySelector(".gap");
  return gap ? topOf(gap) : root.getBoundingClientRect().top;
}

/** @param {Element} element */
function topOf(element) {
  return element.getBoundingClientRect().top;
}

/**
 * @param {HTMLElement} root
 * @param {number} by
 */
function scroll(root, by) {
  if (root.scrollHeight > root.clientHeight + 1) root.scrollTop += by;
  else scrollBy(0, by);
}
