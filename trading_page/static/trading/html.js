// Preact with htm: components without a build step.

import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);

/**
 * What a reference leads to once its component is on the page.
 *
 * @template Element
 * @param {{ current: Element | null }} reference
 */
export function rendered(reference) {
  if (reference.current === null) throw new Error("The component is not on the page");
  return reference.current;
}

/**
 * The listener of a field that gives on what is typed or chosen there. What can be chosen is what
 * `take` takes.
 *
 * @template {string} Value
 * @param {(value: Value) => void} take
 * @returns {(event: Event) => void}
 */
export function onValue(take) {
  return ({ target }) => {
    const { value } = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
    take(/** @type {Value} */ (value));
  };
}

/**
 * The listener of a check box that gives on whether it is checked.
 *
 * @param {(isChecked: boolean) => void} take
 * @returns {(event: Event) => void}
 */
export function onChecked(take) {
  return ({ target }) => take(/** @type {HTMLInputElement} */ (target).checked);
}

/**
 * An element that the page always has.
 *
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`There is no element "${id}"`);
  return element;
}
