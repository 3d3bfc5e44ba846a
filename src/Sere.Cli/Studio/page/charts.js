import { el } from "./dom.js";

const Colours = 8;

export const swatch = (index) => el("span", { class: `swatch swatch-${index % Colours}`, "aria-hidden": "true" });

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Lines over a common axis: series of { name, x: [...], y: [...] }. Redrawn where width or colours change.
export class LineChart {
  constructor(description, { xLabel, yLabel, height = 320 }) {
    this.node = el("div", { class: "chart", role: "img", "aria-label": description });
    Object.assign(this, { xLabel, yLabel, height, series: [] });
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.node);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onScheme = () => this.draw();
    this.scheme.addEventListener("change", this.onScheme);
  }

  show(series, labels = {}) {
    Object.assign(this, labels);
    this.series = series;
    this.draw();
  }

  fit() {
    const width = this.node.clientWidth;
    if (width > 0 && this.plot && this.plot.width !== width) {
      this.plot.setSize({ width, height: this.height });
    } else if (width > 0 && !this.plot) {
      this.draw();
    }
  }

  draw() {
    // What somebody has enlarged stays so while epochs are added.
    const { min, max } = this.plot?.scales.x ?? {};
    const drawn = this.plot?.data[0];
    const enlarged = drawn && (min > drawn[0] || max < drawn.at(-1)) ? { min, max } : null;
    this.plot?.destroy();
    this.plot = null;
    this.node.replaceChildren();
    const width = this.node.clientWidth;
    const shown = this.series.filter((line) => line.x.length > 0);
    if (width === 0 || shown.length === 0) {
      if (this.series.length > 0 && shown.length === 0) {
        this.node.append(el("p", { class: "quiet" }, "No epoch has ended yet."));
      }
      return;
    }
    const places = [...new Set(shown.flatMap((line) => line.x))].sort((one, other) => one - other);
    const rows = shown.map((line) => {
      const at = new Map(line.x.map((x, i) => [x, line.y[i]]));
      return places.map((x) => at.get(x));
    });
    const axis = { stroke: variable("--ink"), grid: { stroke: variable("--line"), width: 1 }, ticks: { stroke: variable("--line") } };
    this.plot = new uPlot({
      width,
      height: this.height,
      scales: { x: { time: false }, y: { range: (plot, low, high) => this.range(low, high) } },
      axes: [{ ...axis, label: this.xLabel }, { ...axis, label: this.yLabel, size: 72 }],
      cursor: { drag: { x: true, y: false } },
      series: [
        { label: this.xLabel, value: (plot, x) => (x === null ? "–" : `${+x.toFixed(2)}`) },
        ...shown.map((line) => ({
          label: line.name,
          stroke: variable(`--series-${(line.colour ?? 0) % Colours}`),
          width: 2,
          dash: line.dash,
          spanGaps: true,
          points: { show: line.x.length < 3 },
          value: (plot, y) => (y === null || y === undefined ? "–" : y.toPrecision(5)),
        })),
      ],
    }, [places, ...rows], this.node);
    if (enlarged) {
      this.plot.setScale("x", enlarged);
    }
  }

  // The first epochs are far below all others: what is shown is where most of the lines are.
  range(low, high) {
    const values = this.series.flatMap((line) => line.y).filter(Number.isFinite).sort((one, other) => one - other);
    if (values.length === 0) {
      return [0, 1];
    }
    const at = (share) => values[Math.round(share * (values.length - 1))];
    const floor = Math.max(values[0], at(0.1) - 2 * (at(0.9) - at(0.1)) - 1e-9);
    const margin = 0.05 * (values.at(-1) - floor) || Math.abs(floor) * 0.01 || 1;
    return [floor - margin, values.at(-1) + margin];
  }

  dispose() {
    this.observer.disconnect();
    this.scheme.removeEventListener("change", this.onScheme);
    this.plot?.destroy();
  }
}
