// What is not needed at first paint: modules that are loaded when they are shown, or before anybody
// asks for them.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "./html.js";

/**
 * @import { ComponentType } from "preact"
 */

const RETRY_MS = 2_000;

/**
 * A component that shows nothing until `load` has brought it, and tries again until it does.
 *
 * @template Props
 * @param {() => Promise<ComponentType<Props>>} load
 * @returns {(props: Props) => unknown}
 */
export function lazy(load) {
  const loaded = signal(/** @type {{ Component: ComponentType<Props> } | null} */ (null));
  const begin = async () => {
    try {
      loaded.value ??= { Component: await load() };
    } catch {
      setTimeout(begin, RETRY_MS);
    }
  };
  return function Lazy(props) {
    useEffect(() => {
      begin();
    }, []);
    return loaded.value && html`<${loaded.value.Component} ...${props} />`;
  };
}

const IDLE_BY_MS = 2_000;

/**
 * Loads modules once the browser has nothing else to do, and tries again until they are there: who
 * imports them later does not wait.
 *
 * @param {() => Promise<unknown>} load
 */
export function ahead(load) {
  const begin = () => load().catch(() => setTimeout(begin, RETRY_MS));
  if ("requestIdleCallback" in globalThis) requestIdleCallback(begin, { timeout: IDLE_BY_MS });
  else setTimeout(begin, IDLE_BY_MS); // Safari has none
}
