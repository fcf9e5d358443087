// Runs before anything is shown, so that neither a chosen theme flashes nor numbers and times change
// under the reader's eyes.
for (const [name, key] of [
  ["theme", "theme"],
  ["numbers", "numbers"],
  ["timeZone", "time zone"],
]) {
  try {
    const chosen = JSON.parse(localStorage.getItem(key) ?? "null");
    if (typeof chosen === "string") document.documentElement.dataset[name] = chosen;
  } catch {
    // Storage may be forbidden, or have something else; what nobody chose is shown then.
  }
}
