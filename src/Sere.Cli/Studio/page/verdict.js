import { LineChart } from "./charts.js";
import { check, compute, download, dropZone, el, field, fixed, form, get, Status } from "./dom.js";

// More rows than anybody reads make a page slow; all of them are sorted, counted and saved.
const MostRows = 500;

const csvText = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text);

export function verdictTab(run) {
  const resize = check("Stretch images of another size");
  const gray = check("Turn colour into grey");
  const likelihood = check("Log-likelihood too (slower)", true);
  const rate = el("input", { type: "number", min: "0.0001", max: "0.5", step: "0.005", value: "0.01" });
  const filter = el("input", { type: "search", placeholder: "part of a name", "aria-label": "Show images whose name contains" });
  const flaggedOnly = check("Flagged alone");
  const status = new Status();
  const sentence = el("p", { "aria-live": "polite" });
  const body = el("tbody");
  const more = el("p", { class: "quiet" });
  const roc = el("section");
  const folders = folderChooser(run, (root, path) => judge(how => compute("/api/verdict-folder", run.id,
    { root, path, resize: resize.input.checked, gray: gray.input.checked, likelihood: likelihood.input.checked }, how)));
  let rows = [];
  let threshold = null;
  let refusal = "";
  let order = { key: "novelty", isUp: false };
  let chart = null;
  let waiting = null;

  async function judge(work) {
    rows = [];
    roc.replaceChildren();
    show();
    if (!threshold) {
      await readThreshold();
    }
    const result = await status.run("Judging images", (how) => work({
      ...how,
      onLine: (line) => {
        how.onLine(line);
        if (line.row) {
          rows.push(line.row);
          waiting ??= setTimeout(() => {
            waiting = null;
            show();
          }, 200);
        }
      },
    }));
    show();
    if (result?.area !== undefined) {
      showCurve(result);
    }
  }

  async function readThreshold() {
    try {
      threshold = await compute("/api/threshold", run.id, { rate: +rate.value });
      refusal = "";
    } catch (error) {
      // The threshold of before stays, with its own sentence.
      refusal = error.message;
    }
    show();
  }

  // A novelty that is no number is beyond all others.
  const isFlagged = (row) => threshold !== null && !row.error && (row.novelty === null || row.novelty > threshold.value);
  const verdictOf = (row) => (threshold === null ? "–" : isFlagged(row) ? "flagged" : "usual");

  function show() {
    const columns = { name: (row) => row.name, novelty: (row) => row.novelty ?? Infinity, percentile: (row) => row.percentile ?? Infinity, logLikelihood: (row) => row.logLikelihood ?? -Infinity };
    const value = columns[order.key];
    const judged = rows.filter((row) => !row.error);
    const shown = rows
      .filter((row) => row.name.toLowerCase().includes(filter.value.toLowerCase()) && (!flaggedOnly.input.checked || isFlagged(row)))
      .sort((one, other) => (value(one) < value(other) ? -1 : value(one) > value(other) ? 1 : 0) * (order.isUp ? 1 : -1));
    if (threshold) {
      const flagged = judged.filter(isFlagged).length;
      sentence.replaceChildren(el("strong", { class: flagged > 0 ? "flagged" : "" }, `Flagged: ${flagged} of ${judged.length} images`),
        `, with a novelty above ${threshold.value.toPrecision(4)} (${threshold.low.toPrecision(4)} to ${threshold.high.toPrecision(4)}), as `
        + `${(100 * threshold.rate).toPrecision(3)} in a hundred normal images have (${threshold.normal} were measured).`);
    } else {
      sentence.replaceChildren();
    }
    more.textContent = shown.length > MostRows ? `${shown.length - MostRows} more are not shown; filter them, or save all as CSV.` : "";
    if (refusal) {
      sentence.append(" ", el("span", { class: "error" }, refusal));
    }
    body.replaceChildren(...shown.slice(0, MostRows).map((row) => (row.error
      ? el("tr", {}, el("td", {}, ""), el("td", {}, ""), el("td", {}, row.name), el("td", { class: "error", colspan: "5" }, row.error))
      : el("tr", {},
        el("td", {}, row.image ? el("img", { class: "small", src: row.image, alt: row.name }) : ""),
        el("td", {}, row.map ? el("button", { class: "button", type: "button", "aria-label": `Enlarge the heat map of ${row.name}`, onclick: () => enlarge(row) },
          el("img", { class: "small", src: row.map, alt: `where ${row.name} is strange` })) : ""),
        el("td", {}, row.name),
        el("td", { class: "number" }, fixed(row.novelty)),
        el("td", { class: "number" }, `${fixed(row.percentile, 1)} %`),
        el("td", { class: "number" }, fixed(row.logLikelihood, 1)),
        el("td", { class: isFlagged(row) ? "flagged" : "" }, verdictOf(row))))));
  }

  function enlarge(row) {
    const dialog = el("dialog", { "aria-label": row.name }, el("p", {}, el("strong", {}, row.name)),
      el("div", { class: "columns" }, el("img", { class: "one", src: row.image, alt: "the image" }), el("img", { class: "one", src: row.map, alt: "its strange places" })),
      el("div", { class: "wide" }, el("table", {}, el("tbody", {}, Object.entries(row.figures).map(([name, value]) =>
        el("tr", {}, el("td", {}, el("code", {}, name)), el("td", { class: "number" }, value === null ? "–" : value.toPrecision(5))))))),
      el("form", { method: "dialog" }, el("button", { class: "button" }, "Close")));
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  function showCurve(result) {
    chart?.dispose();
    chart = new LineChart("ROC curve of the novelty", { xLabel: "share of normal images flagged", yLabel: "share of the others flagged", height: 280 });
    chart.range = () => [0, 1.02];
    roc.replaceChildren(el("h2", {}, "How well the novelty tells the labelled images apart"),
      el("p", {}, `Area under the ROC curve ${fixed(result.area, 3)} (${fixed(result.areaLow, 3)} to ${fixed(result.areaHigh, 3)}), average precision `
        + `${fixed(result.averagePrecision, 3)}.`), chart.node);
    const points = new Map();
    for (const [x, y] of result.curve) {
      points.set(x, Math.max(y, points.get(x) ?? 0));
    }
    chart.show([{ name: "novelty", colour: 0, x: [...points.keys()], y: [...points.values()] }]);
  }

  const save = () => {
    const names = Object.keys(rows.find((row) => row.figures)?.figures ?? {});
    const lines = rows.filter((row) => !row.error).map((row) => [csvText(row.name), row.logLikelihood ?? "", row.novelty ?? "", row.percentile ?? "",
      threshold === null ? "" : isFlagged(row) ? 1 : 0, ...names.map((name) => row.figures[name] ?? "")].join(","));
    download("verdicts.csv", `${["image", "log_likelihood", "novelty", "novelty_percentile", "flagged", ...names].join(",")}\n${lines.join("\n")}\n`, "text/csv");
  };

  const head = (key, name, isNumber) => el("th", { scope: "col", class: isNumber ? "number" : "" }, el("button", {
    type: "button",
    onclick: () => {
      order = { key, isUp: order.key === key ? !order.isUp : key === "name" };
      show();
    },
  }, name));

  rate.addEventListener("change", readThreshold);
  filter.addEventListener("input", show);
  flaggedOnly.input.addEventListener("change", show);
  return {
    node: el("div", {},
      dropZone("Drop images or a folder of images, or choose images", {
        onFiles: (files) => judge((how) => compute("/api/verdict", run.id,
          form(files, { resize: resize.input.checked, gray: gray.input.checked, likelihood: likelihood.input.checked }), how)),
      }),
      folders,
      el("div", { class: "controls" }, field("Share of normal images that may be flagged", rate), likelihood.label, resize.label, gray.label),
      status.node, sentence, roc,
      el("div", { class: "controls" }, field("Filter", filter), flaggedOnly.label,
        el("button", { class: "button", type: "button", onclick: save }, "Save as CSV")),
      el("div", { class: "wide" }, el("table", { class: "verdict" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Image"), el("th", { scope: "col" }, "Where strange"), head("name", "Name"),
          head("novelty", "Novelty (nats)", true), head("percentile", "Above normal images", true),
          head("logLikelihood", "log p(x) (nats)", true), el("th", { scope: "col" }, "Verdict"))), body)), more),
    dispose: () => chart?.dispose(),
  };
}

// Folders of the machine that the studio runs on: only below those that it was started with.
function folderChooser(run, onChosen) {
  const root = el("select", { "aria-label": "Folder of images" }, run.state.imageFolders.map((folder) => el("option", { value: folder }, folder)));
  const list = el("div", { class: "controls" });
  const said = el("span", { class: "quiet" });
  let path = "";

  async function look() {
    try {
      const { folders, images } = await get("/api/images", { root: root.value, path });
      const step = (name, to) => el("button", { class: "button", type: "button", onclick: () => { path = to; look(); } }, name);
      said.textContent = `${path || "the folder itself"}: ${images} images`;
      list.replaceChildren(...(path ? [step("one up", path.split("/").slice(0, -1).join("/"))] : []),
        ...folders.map((name) => step(`${name}/`, path ? `${path}/${name}` : name)));
    } catch (error) {
      said.replaceChildren(el("span", { class: "error" }, error.message));
    }
  }

  root.addEventListener("change", () => { path = ""; look(); });
  const details = el("details", {}, el("summary", {}, "Choose a folder of the studio's machine"),
    el("div", { class: "controls" }, field("Below", root), said,
      el("button", { class: "button main", type: "button", onclick: () => onChosen(root.value, path) }, "Judge this folder")), list);
  details.addEventListener("toggle", () => details.open && look());
  return details;
}
