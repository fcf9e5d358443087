// Keeps the dashboard fresh: fetches its changing part every few seconds while somebody can see it.
const REFRESH_MS = 5000;
const TIMEOUT_MS = 8000;

const root = byId("dashboard");
const live = byId("dashboard-live");
const stale = byId("dashboard-stale");
const count = byId("dashboard-count");
/** @type {HTMLSelectElement | null} Not there without charts. */
const quote = document.querySelector("select#dashboard-quote");
let freshAt = new Date();
let alerts = "";
let timer = 0;

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`There is no element "${id}"`);
  return element;
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return; // the browser tells when that changes
  try {
    const answer = await fetch(root.dataset.url ?? "", {
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.type === "opaqueredirect") throw new Error("you are logged out");
    if (!answer.ok) throw new Error(`the exchange answers ${answer.status}`);
    show(await answer.text());
  } catch (error) {
    const since = freshAt.toISOString().slice(11, 19);
    stale.textContent = `Not up to date since ${since} UTC: ${reasonOf(error)}. Trying again.`;
    stale.hidden = false;
  }
  timer = setTimeout(refresh, REFRESH_MS);
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  const isSilent = error.name === "TimeoutError" || error instanceof TypeError;
  return isSilent ? "the exchange does not answer" : error.message;
}

/** @param {string} html */
function show(html) {
  const active = document.activeElement;
  const focused = live.contains(active) ? active?.getAttribute("href") : null;
  live.innerHTML = html; // made by our own template, which escapes
  if (focused) {
    /** @type {HTMLAnchorElement | null} */ (
      live.querySelector(`a[href="${CSS.escape(focused)}"]`)
    )?.focus();
  }
  freshAt = new Date();
  stale.hidden = true;
  announce();
  draw();
}

function announce() {
  const now =
    live.querySelector(".dashboard-alerts")?.textContent.replace(/\s+/g, " ").trim() ?? "";
  if (alerts && now !== alerts) count.textContent = `Alerts changed: ${now}`;
  alerts = now;
}

function draw() {
  if (!quote) return;
  const charts = JSON.parse(byId("dashboard-data").textContent)[quote.value] ?? {};
  const styles = getComputedStyle(document.documentElement);
  const isDark = document.documentElement.classList.contains("dark");
  const text = styles.getPropertyValue(isDark ? "--color-base-300" : "--color-base-600").trim();
  const line = styles.getPropertyValue(isDark ? "--color-base-800" : "--color-base-200").trim();
  /** @type {NodeListOf<HTMLCanvasElement>} */
  const canvases = document.querySelectorAll("canvas[data-chart]");
  for (const canvas of canvases) {
    const chart = Chart.getChart(canvas);
    if (!chart) continue;
    const data = charts[canvas.dataset.chart ?? ""];
    if (data) chart.data = data;
    chart.options.plugins.legend.labels.color = text;
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = text;
      if (scale.title) scale.title.color = text;
    }
    chart.options.scales.y.grid.color = line;
    chart.update("none");
  }
}

quote?.addEventListener("change", draw);
document.addEventListener("visibilitychange", refresh);
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
window.addEventListener("load", () => {
  announce();
  draw();
  timer = setTimeout(refresh, REFRESH_MS);
});
