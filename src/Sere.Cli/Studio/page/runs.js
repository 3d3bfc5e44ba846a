import { LineChart, swatch } from "./charts.js";
import { address, amount, duration, el, field, fixed, get } from "./dom.js";

const Measures = {
  validationElbo: ["Validation ELBO", "nats per image", (epoch) => epoch.validationElbo],
  elbo: ["ELBO while training", "nats per image", (epoch) => epoch.elbo],
  logLikelihoodTerm: ["log p(x | z) while training", "nats per image", (epoch) => epoch.logLikelihoodTerm],
  kl: ["KL of all layers", "nats per image", (epoch) => epoch.klPerLayer.reduce((sum, value) => sum + value, 0)],
  gradientNorm: ["Norm of the gradient", "before clipping", (epoch) => epoch.gradientNorm],
  imagesPerSecond: ["Speed", "images per second", (epoch) => epoch.imagesPerSecond],
  learningRate: ["Learning rate", "", (epoch) => epoch.learningRate],
};

const Axes = {
  epoch: ["epoch", (epoch) => epoch.epoch],
  time: ["minutes of training", (epoch) => epoch.seconds / 60],
};

// Curves of runs on top of each other; `ids()` says which.
export function curves(state, ids) {
  const measure = el("select", {}, Object.entries(Measures).map(([key, [name]]) => el("option", { value: key }, name)));
  const axis = el("select", {}, el("option", { value: "epoch" }, "epochs"), el("option", { value: "time" }, "time"));
  const chart = new LineChart("Curves of the chosen runs", { xLabel: "epoch", yLabel: "" });
  const kept = new Map();

  async function draw() {
    const chosen = ids();
    for (const id of chosen) {
      const run = state.runs.find((one) => one.id === id);
      if (!kept.has(id) || kept.get(id).written !== run?.written) {
        try {
          kept.set(id, { written: run?.written, epochs: await get("/api/metrics", { run: id }) });
        } catch {
          kept.set(id, { written: run?.written, epochs: [] });
        }
      }
    }
    const [name, unit, y] = Measures[measure.value];
    const [xLabel, x] = Axes[axis.value];
    chart.show(
      chosen.map((id, i) => ({
        name: id === "." ? "this run" : id,
        colour: i,
        x: kept.get(id).epochs.map(x),
        y: kept.get(id).epochs.map(y),
      })),
      { xLabel, yLabel: unit ? `${name} (${unit})` : name });
  }

  measure.addEventListener("change", draw);
  axis.addEventListener("change", draw);
  const node = el("section", {},
    el("div", { class: "controls" }, field("Curve", measure), field("Over", axis)), chart.node);
  return { node, draw, dispose: () => chart.dispose() };
}

const keyOf = (node) => node.getAttribute("aria-label") ?? node.getAttribute("href");

export function runsView(state) {
  // Curves of one data set have one scale.
  const chosen = new Set(state.runs.filter((run) => run.dataset === state.runs[0].dataset).slice(0, 4).map((run) => run.id));
  const lines = curves(state, () => state.runs.map((run) => run.id).filter((id) => chosen.has(id)));
  const body = el("tbody");
  const comparisons = el("section");

  function rows() {
    const focused = body.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const shown = state.runs.filter((run) => chosen.has(run.id)).map((run) => run.id);
    body.replaceChildren(...state.runs.map((run) => {
      const box = el("input", { type: "checkbox", checked: chosen.has(run.id), "aria-label": `Curve of ${run.id}` });
      box.addEventListener("change", () => {
        (box.checked ? chosen.add(run.id) : chosen.delete(run.id));
        rows();
        lines.draw();
      });
      const place = shown.indexOf(run.id);
      return el("tr", {},
        el("td", { class: "choice" }, box, place >= 0 ? swatch(place) : ""),
        el("td", {}, el("a", { href: address("#/run", { run: run.id }) }, run.id === "." ? run.name : run.id),
          run.error ? el("div", { class: "error" }, run.error) : ""),
        el("td", {}, run.model),
        el("td", {}, run.dataset),
        el("td", {}, run.state),
        el("td", { class: "number" }, `${run.epoch} of ${run.epochs}`),
        el("td", { class: "number" }, fixed(run.elbo)),
        el("td", { class: "number" }, fixed(run.validationElbo)),
        el("td", { class: "number" }, amount(run.imagesPerSecond)),
        el("td", { class: "number" }, run.secondsLeft === null || run.secondsLeft === undefined ? "" : duration(run.secondsLeft)));
    }));
    if (focused) {
      [...body.querySelectorAll("input, a")].find((node) => keyOf(node) === focused)?.focus();
    }
  }

  const heads = ["", "Run", "Model", "Images", "State"];
  const numbers = ["Epoch", "ELBO (nats)", "Best validation (nats)", "Images/s", "Time left"];
  const table = el("div", { class: "wide" }, el("table", { class: "runs" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)),
      numbers.map((head) => el("th", { scope: "col", class: "number" }, head)))),
    body));
  const empty = el("p", {}, "There is no run below this folder. Make one with ", el("code", {}, "sere train --preset digits"),
    "; it appears here while it trains.");
  const node = el("div", {}, el("h1", {}, "Runs"));

  function list() {
    comparisons.replaceChildren(...(state.comparisons.length === 0 ? [] : [el("h2", {}, "Comparisons"),
      el("ul", {}, state.comparisons.map((comparison) =>
        el("li", {}, el("a", { href: address("#/comparison", { comparison }) }, comparison === "." ? "this folder" : comparison))))]));
  }

  function update() {
    node.replaceChildren(el("h1", {}, "Runs"), ...(state.runs.length === 0 ? [empty] : [lines.node, table]), comparisons);
    list();
    rows();
    lines.draw();
  }

  update();
  const counts = () => `${state.runs.length} ${state.comparisons}`;
  let known = counts();
  const listener = () => {
    if (counts() !== known) {
      known = counts();
      update();
    } else {
      rows();
      lines.draw();
    }
  };
  state.listeners.add(listener);
  return {
    node,
    dispose: () => {
      state.listeners.delete(listener);
      lines.dispose();
    },
  };
}
