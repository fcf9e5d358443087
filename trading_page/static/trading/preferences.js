// What a person has set on this page. It stays in this browser, for all tabs (localStorage).

import { effect, signal } from "@preact/signals";

/**
 * @import { Signal } from "@preact/signals"
 */

/** @type {Map<string | null, () => void>} */
const readers = new Map();

/**
 * A signal that is kept under this name. What is kept is read as JSON; what `isValid` does not know,
 * of an older page or another program, is `first`.
 *
 * @template Value
 * @param {string} name
 * @param {Value} first as long as nothing else is set
 * @param {(found: unknown) => boolean} isValid
 * @returns {Signal<Value>}
 */
export function preference(name, first, isValid) {
  const kept = signal(stored(name, first, isValid));
  readers.set(name, () => (kept.value = stored(name, first, isValid)));
  effect(() => store(name, kept.value, first));
  return kept;
}

/**
 * One of a few values.
 *
 * @template {string} Value
 * @param {string} name
 * @param {readonly Value[]} values the first is the one that nobody has to choose
 */
export function choice(name, values) {
  const [first] = values;
  return preference(name, first, (found) => values.includes(/** @type {Value} */ (found)));
}

/**
 * Yes or no.
 *
 * @param {string} name
 * @param {boolean} first
 */
export function toggle(name, first) {
  return preference(name, first, (found) => typeof found === "boolean");
}

/**
 * @template Value
 * @param {string} name
 * @param {Value} first
 * @param {(found: unknown) => boolean} isValid
 * @returns {Value}
 */
function stored(name, first, isValid) {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? "null");
    return isValid(found) ? found : first;
  } catch {
    return first;
  }
}

/**
 * @template Value
 * @param {string} name
 * @param {Value} value
 * @param {Value} first
 */
function store(name, value, first) {
  try {
    if (value === first) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Without storage it lasts as long as the page.
  }
}

// What another tab has set holds here as well.
addEventListener("storage", ({ key }) => readers.get(key)?.());
