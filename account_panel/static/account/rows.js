// A long list in pieces: what is new is put where it belongs, and only its piece becomes another.
// No input or output.

const PIECE = 50;

/**
 * Items of a list that is read page by page, from its top down, while it goes on at the top. Each
 * is there once.
 *
 * @template {{ id: string | number }} Item
 */
export class Rows {
  /**
   * @param {(item: Item) => string} place Where an item stands: these texts descend down the list,
   *   and no two items have the same.
   */
  constructor(place) {
    this.place = place;
    /** @type {Item[][]} From top to bottom; none is empty, and none is ever changed. */
    this.pieces = [];
    this.count = 0;
    /** @type {string | null} How far down the list has been read. */
    this.floor = null;
    /** @type {Map<Item["id"], Item>} What belongs further down than that. */
    this.waiting = new Map();
  }

  /**
   * Takes the next page, of rows that are read one page after the other.
   *
   * @param {Item[]} page
   * @param {boolean} isLast
   */
  take(page, isLast) {
    const places = page.map(this.place);
    if (isLast) this.floor = "";
    else if (places.length) this.floor = places.reduce((one, other) => (one < other ? one : other));
    for (const item of page) this.put(item);
    for (const item of this.waiting.values()) if (this.isRead(item)) this.put(item);
  }

  /**
   * Takes an item that is new, or has changed. One from further down waits for its page: else it
   * would stand where others are missing.
   *
   * @param {Item} item
   */
  put(item) {
    if (!this.isRead(item)) {
      this.waiting.set(item.id, item);
      return;
    }
    this.waiting.delete(item.id);
    const at = this.place(item);
    const index = Math.max(0, this.pieceAt(at));
    const piece = this.pieces[index] ?? [];
    const row = firstAt(piece, (other) => this.place(other) <= at);
    const isKnown = row < piece.length && this.place(piece[row]) === at;
    const next = piece.toSpliced(row, isKnown ? 1 : 0, item);
    this.count += isKnown ? 0 : 1;
    this.pieces = this.pieces.toSpliced(index, 1, ...halved(next));
  }

  /** @param {Item} item */
  isRead(item) {
    return this.floor !== null && this.place(item) >= this.floor;
  }

  /**
   * The last piece that begins at a place or above it; -1 when it is above all.
   *
   * @param {string} at
   */
  pieceAt(at) {
    return firstAt(this.pieces, ([top]) => this.place(top) < at) - 1;
  }
}

/**
 * @template Item
 * @param {Item[]} piece
 */
function halved(piece) {
  const half = piece.length / 2;
  return piece.length > 2 * PIECE ? [piece.slice(0, half), piece.slice(half)] : [piece];
}

/**
 * The first place in a list from which on something holds.
 *
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => boolean} holds
 */
function firstAt(items, holds) {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(items[middle])) to = middle;
    else from = middle + 1;
  }
  return from;
}

/**
 * Which of the pieces are to be shown, and how much room those above and below take: only what is
 * near the part that is seen is in the document.
 *
 * @param {number[]} heights
 * @param {number} top of the part that is seen, from the top of the list
 * @param {number} bottom
 */
export function nearPieces(heights, top, bottom) {
  const margin = Math.max(300, bottom - top);
  let [above, below] = [0, 0];
  let [first, last] = [heights.length, -1];
  let y = 0;
  heights.forEach((height, index) => {
    if (y + height < top - margin) above += height;
    else if (y > bottom + margin) below += height;
    else {
      first = Math.min(first, index);
      last = index;
    }
    y += height;
  });
  return { first, last, above, below };
}
