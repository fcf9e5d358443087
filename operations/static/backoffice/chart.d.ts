/** What the dashboard uses of Chart.js, which the theme of the back office brings. */
declare global {
  const Chart: { getChart(canvas: HTMLCanvasElement): DashboardChart | undefined };

  interface DashboardChart {
    data: unknown;
    options: { plugins: { legend: { labels: { color: string } } }; scales: DashboardScales };
    update(mode: "none"): void;
  }

  type DashboardScales = Record<"x" | "y", DashboardScale> & Record<string, DashboardScale>;

  interface DashboardScale {
    ticks: { color: string };
    title?: { color: string };
    grid: { color: string };
  }
}

export {};
