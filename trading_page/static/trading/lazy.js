// Components that are not needed at first paint: their modules are loaded when they are shown.

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
