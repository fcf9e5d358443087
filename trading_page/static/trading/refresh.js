// Components that say what the book would do are drawn again as it changes, but not with each
// change.

import { useEffect, useState } from "preact/hooks";
import { paint } from "./frame.js";
import { onChange } from "./live.js";

const EVERY_MS = 250;

/**
 * Draws the component again after the book has changed, if it is wanted.
 *
 * @param {boolean} isWanted
 */
export function useBook(isWanted) {
  const [, again] = useState(0);
  useEffect(() => {
    if (!isWanted) return undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stop = onChange("book", () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        paint(() => again((count) => count + 1));
      }, EVERY_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [isWanted]);
}
