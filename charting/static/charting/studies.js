// Which indicators this browser shows.

import { preference, toggle } from "#page/preferences.js";
import { areIndicators } from "./indicators.js";

/**
 * @import { Indicator } from "./indicators.js"
 */

export const indicators = preference(
  "chart indicators",
  /** @type {Indicator[]} */ ([]),
  areIndicators,
);
export const volumeIsShown = toggle("chart volume", true);
