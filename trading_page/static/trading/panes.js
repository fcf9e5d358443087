// How large the panels beside the chart are on a desk: as a person has set them, as far as the window
// has room. The chart takes what is left, and never less than it needs. No input or output.

/** @typedef {"markets" | "book" | "side" | "account"} Pane */
/** @typedef {Partial<Record<Pane, number>>} Sizes Those that were set, in pixels. */
/** @typedef {{ width: number, height: number }} Room For all panels, in pixels. */

/** @type {Record<Pane, { axis: "x" | "y", sign: 1 | -1, least: number, usual: [number, number] }>} */
export const PANES = {
  // `sign`: whether the panel grows when its edge moves right or down. `usual` is on a desk and on a
  // wide one: pixels, or a share of the height.
  markets: { axis: "x", sign: 1, least: 244, usual: [252, 272] },
  book: { axis: "x", sign: -1, least: 220, usual: [270, 330] },
  side: { axis: "x", sign: -1, least: 250, usual: [280, 340] },
  account: { axis: "y", sign: -1, least: 110, usual: [0.31, 0.36] },
};
export const NAMES = /** @type {Pane[]} */ (Object.keys(PANES));
const WIDE_PX = 1_600;
const CHART = { x: 300, y: 200 };

/**
 * The size of each panel, in whole pixels. Where those that are wanted leave too little for the
 * chart, each gives way in proportion to what it has beyond the least.
 *
 * @param {Sizes} wanted
 * @param {Room} room
 * @param {Pane[]} hidden These take nothing.
 * @returns {Record<Pane, number>}
 */
export function fitted(wanted, room, hidden = []) {
  const along = { x: share("x", wanted, room, hidden), y: share("y", wanted, room, hidden) };
  /** @param {Pane} pane */
  const size = (pane) => {
    const { axis, least } = PANES[pane];
    if (hidden.includes(pane)) return 0;
    return Math.floor(least + (aim(pane, wanted, room) - least) * along[axis]);
  };
  return {
    markets: size("markets"),
    book: size("book"),
    side: size("side"),
    account: size("account"),
  };
}

/**
 * The bounds of a panel while the others stay as they are.
 *
 * @param {Pane} pane
 * @param {Sizes} wanted
 * @param {Room} room
 * @param {Pane[]} hidden
 */
export function bounds(pane, wanted, room, hidden = []) {
  const { axis, least } = PANES[pane];
  const sizes = fitted(wanted, room, hidden);
  const others = on(axis, hidden).filter((other) => other !== pane);
  const taken = others.reduce((sum, other) => sum + sizes[other], 0);
  return { least, most: Math.max(least, Math.floor(length(axis, room) - CHART[axis] - taken)) };
}

/**
 * The sizes with one that was set, within its bounds. What others show now they keep.
 *
 * @param {Pane} pane
 * @param {number} px
 * @param {Sizes} wanted
 * @param {Room} room
 * @param {Pane[]} hidden
 * @returns {Sizes}
 */
export function resized(pane, px, wanted, room, hidden = []) {
  const { least, most } = bounds(pane, wanted, room, hidden);
  return { ...wanted, [pane]: Math.round(Math.min(Math.max(px, least), most)) };
}

/**
 * Whether something that was kept is a set of sizes.
 *
 * @param {unknown} found
 */
export function areSizes(found) {
  if (typeof found !== "object" || found === null || Array.isArray(found)) return false;
  return Object.entries(found).every(
    ([name, px]) => name in PANES && Number.isFinite(px) && px > 0 && px < 10_000,
  );
}

/**
 * The share of what panels of an axis have beyond their least that there is room for.
 *
 * @param {"x" | "y"} axis
 * @param {Sizes} wanted
 * @param {Room} room
 * @param {Pane[]} hidden
 */
function share(axis, wanted, room, hidden) {
  const panes = on(axis, hidden);
  const least = panes.reduce((sum, pane) => sum + PANES[pane].least, 0);
  const beyond = panes.reduce((sum, pane) => sum + aim(pane, wanted, room), 0) - least;
  const spare = Math.max(0, length(axis, room) - CHART[axis] - least);
  return beyond > spare ? spare / beyond : 1;
}

/**
 * @param {Pane} pane
 * @param {Sizes} wanted
 * @param {Room} room
 */
function aim(pane, wanted, room) {
  const { least, usual } = PANES[pane];
  const common = usual[room.width < WIDE_PX ? 0 : 1];
  return Math.max(least, wanted[pane] ?? (common < 1 ? common * room.height : common));
}

/**
 * @param {"x" | "y"} axis
 * @param {Pane[]} hidden
 */
function on(axis, hidden) {
  return NAMES.filter((pane) => PANES[pane].axis === axis && !hidden.includes(pane));
}

/**
 * @param {"x" | "y"} axis
 * @param {Room} room
 */
function length(axis, { width, height }) {
  return axis === "x" ? width : height;
}
