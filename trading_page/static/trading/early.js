// Runs before anything is shown, so that neither a chosen theme flashes nor panels, numbers and times
// change under the reader's eyes.
{
  /** @param {string} key */
  const kept = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null; // storage may be forbidden, or have something else
    }
  };
  const root = document.documentElement;
  for (const [name, key] of [
    ["theme", "theme"],
    ["numbers", "numbers"],
    ["timeZone", "time zone"],
  ]) {
    const chosen = kept(key);
    if (typeof chosen === "string") root.dataset[name] = chosen;
  }
  // As layout.js does it once it is there, which also looks whether there is room for that.
  for (const [pane, px] of Object.entries(kept("sizes of panels") ?? {})) {
    if (Number.isFinite(px)) root.style.setProperty(`--${pane}-size`, `${px}px`);
  }
  root.dataset.hidden = ["list of markets", "trades", "account"]
    .filter((panel) => kept(`${panel} shown`) === false)
    .map((panel) => ({ "list of markets": "markets", trades: "tape" })[panel] ?? panel)
    .join(" ");
}
