// Runs before anything is shown, so that a chosen theme does not flash.
try {
  const theme = JSON.parse(localStorage.getItem("theme") ?? "null");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden, or have something else; the system's theme is shown then.
}
