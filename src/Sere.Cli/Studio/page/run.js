import { LineChart } from "./charts.js";
import { address, amount, compute, dropZone, duration, el, field, fixed, form, get, check, Status } from "./dom.js";
import { markdown } from "./markdown.js";
import { curves } from "./runs.js";
import { verdictTab } from "./verdict.js";

const Tabs = [
  ["overview", "Overview", overviewTab],
  ["configuration", "Configuration", configurationTab],
  ["samples", "Samples", samplesTab],
  ["latents", "Latents", latentsTab],
  ["path", "Between two images", pathTab],
  ["reconstruct", "Reconstruct", reconstructTab],
  ["verdict", "Verdict", verdictTab],
];

export async function runView(state, id, tab) {
  const run = { id, state, ...(await get("/api/run", { run: id })) };
  const title = id === "." ? run.summary.name : id;
  const panel = el("div", { role: "tabpanel", id: "panel", tabindex: "0" });
  let shown = null;

  function open(name, isUsers) {
    shown?.dispose?.();
    const [key, , make] = Tabs.find(([other]) => other === name) ?? Tabs[0];
    shown = make(run);
    panel.replaceChildren(shown.node);
    panel.setAttribute("aria-labelledby", `tab-${key}`);
    for (const button of buttons) {
      const isThis = button.id === `tab-${key}`;
      button.setAttribute("aria-selected", `${isThis}`);
      button.tabIndex = isThis ? 0 : -1;
    }
    if (isUsers) {
      history.replaceState(null, "", address("#/run", { run: id, tab: key }));
    }
  }

  const buttons = Tabs.map(([key, name]) => el(
    "button",
    { role: "tab", type: "button", id: `tab-${key}`, "aria-controls": "panel", onclick: () => open(key, true) },
    name));
  const list = el("div", { role: "tablist", "aria-label": "What to see of the run" }, buttons);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
      next.focus();
      next.click();
    }
  });
  open(tab);
  return {
    node: el("div", {}, el("p", {}, el("a", { href: "#/" }, "All runs")), el("h1", {}, title), list, panel),
    dispose: () => shown?.dispose?.(),
  };
}

function overviewTab(run) {
  const summary = el("p", { "aria-live": "polite" });
  const lines = curves(run.state, () => [run.id]);
  const layers = new LineChart("KL divergence of each layer over the epochs", { xLabel: "epoch", yLabel: "KL (nats per image)", height: 260 });
  const layersHead = el("h2", {}, "KL divergence per layer");
  let written = null;

  async function update() {
    const now = run.state.runs.find((one) => one.id === run.id) ?? run.summary;
    summary.textContent = `${now.state}: ${now.epoch} of ${now.epochs} epochs, ELBO ${fixed(now.elbo)} nats, best validation `
      + `${fixed(now.validationElbo)} nats, ${amount(now.imagesPerSecond)} images/s, ${duration(now.seconds)} so far`
      + (now.secondsLeft === null || now.secondsLeft === undefined ? "." : `, ${duration(now.secondsLeft)} left.`);
    if (written === now.written) {
      return;
    }
    written = now.written;
    lines.draw();
    const epochs = await get("/api/metrics", { run: run.id });
    const count = epochs.at(-1)?.klPerLayer.length ?? 0;
    layersHead.hidden = count === 0;
    layers.node.hidden = count === 0;
    layers.show(Array.from({ length: count }, (_, layer) => ({
      name: `layer ${layer + 1}`,
      colour: layer,
      dash: layer >= 8 ? [6, 4] : undefined,
      x: epochs.map((epoch) => epoch.epoch),
      y: epochs.map((epoch) => epoch.klPerLayer[layer]),
    })));
  }

  const pictures = run.pictures.length === 0 ? "" : el("section", {}, el("h2", {}, "Pictures"),
    run.pictures.map((name) => el("figure", {},
      el("img", { class: "picture", alt: name.replace(/\.png$/, "").replaceAll("-", " "), src: address("/api/picture", { run: run.id, name }) }),
      el("figcaption", { class: "quiet" }, name))));
  const report = run.report
    ? el("section", {}, markdown(run.report, (name) => address("/api/picture", { run: run.id, name })))
    : el("p", { class: "quiet" }, "The report is written when the training ends.");
  update();
  run.state.listeners.add(update);
  return {
    node: el("div", {}, summary, lines.node, layersHead, layers.node, report, run.report ? "" : pictures),
    dispose: () => {
      run.state.listeners.delete(update);
      lines.dispose();
      layers.dispose();
    },
  };
}

function leaves(value, path = "") {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key))
    : [[path, JSON.stringify(value)]];
}

function configurationTab(run) {
  const others = run.state.runs.filter((other) => other.id !== run.id && !other.error);
  const choice = el("select", {}, el("option", { value: "" }, "no other run"),
    others.map((other) => el("option", { value: other.id }, other.id)));
  const differences = el("div", { class: "wide" });
  choice.addEventListener("change", async () => {
    if (choice.value === "") {
      differences.replaceChildren();
      return;
    }
    try {
      const there = new Map(leaves((await get("/api/run", { run: choice.value })).configuration));
      const here = new Map(leaves(run.configuration));
      const keys = [...new Set([...here.keys(), ...there.keys()])].filter((key) => here.get(key) !== there.get(key));
      differences.replaceChildren(keys.length === 0 ? el("p", {}, "The two configurations are equal.") : el("table", {},
        el("thead", {}, el("tr", {}, ["Key", "This run", choice.value].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, keys.map((key) => el("tr", {}, el("td", {}, el("code", {}, key)),
          el("td", {}, here.get(key) ?? "–"), el("td", {}, there.get(key) ?? "–"))))));
    } catch (error) {
      differences.replaceChildren(el("p", { class: "error" }, error.message));
    }
  });
  return {
    node: el("div", {}, run.command ? [el("h2", {}, "Command"), el("pre", {}, run.command)] : "",
      el("div", { class: "controls" }, field("Differences to", choice)), differences,
      el("h2", {}, "Configuration"), el("pre", {}, JSON.stringify(run.configuration, null, 2))),
  };
}

const image = (src, alt) => el("img", { src, alt });

function samplesTab(run) {
  const count = el("input", { type: "number", min: "1", max: "100", value: "36" });
  const seed = el("input", { type: "number", value: "1", step: "1" });
  const temperature = el("input", { type: "number", min: "0", max: "10", step: "0.1", value: "1" });
  const status = new Status();
  const images = el("div", { class: "images" });
  const draw = async () => {
    const result = await status.run("Drawing images", (how) => compute(
      "/api/samples", run.id, { count: +count.value, seed: seed.value, temperature: +temperature.value }, how));
    if (result) {
      images.replaceChildren(...result.images.map((src, i) => image(src, `sample ${i}`)));
    }
  };
  const next = () => {
    // Of a number beyond 2^53 the next one is lost; of what is no whole number there is none, and the answer says so.
    if (/^-?\d+$/.test(seed.value)) {
      seed.value = `${BigInt(seed.value) + 1n}`;
    }
    draw();
  };
  draw();
  return {
    node: el("div", {}, el("div", { class: "controls" }, field("Images", count), field("Seed", seed),
      field("Temperature (1 is the model itself)", temperature),
      el("button", { class: "button main", type: "button", onclick: draw }, "Draw"),
      el("button", { class: "button", type: "button", onclick: next }, "Next seed")), status.node, images),
  };
}

function latentsTab(run) {
  const seed = el("input", { type: "number", value: "1", step: "1" });
  const layer = el("select");
  const status = new Status();
  const picture = el("img", { class: "one", alt: "the image of these latents" });
  const sliders = el("div", { class: "sliders" });
  let changes = new Map();
  let latents = [];

  async function draw(renew) {
    const result = await status.run("Drawing the image", (how) => compute(
      "/api/latents", run.id, { seed: seed.value, changes: [...changes.values()] }, how));
    if (!result) {
      return;
    }
    latents = result.latents;
    picture.src = result.image;
    if (layer.options.length !== latents.length) {
      layer.replaceChildren(...latents.map((values, i) => el("option", { value: `${i}` }, `layer ${i + 1} (${values.length} latents)`)));
    }
    if (renew) {
      show();
    }
  }

  function show() {
    const chosen = +layer.value || 0;
    if (latents.length === 0) {
      sliders.replaceChildren(el("p", {}, "This model has no latents."));
      return;
    }
    sliders.replaceChildren(...latents[chosen].map((value, i) => {
      const output = el("output", {}, value.toFixed(2));
      const slider = el("input", { type: "range", min: "-4", max: "4", step: "0.05", value: `${value}` });
      slider.addEventListener("input", () => {
        output.textContent = (+slider.value).toFixed(2);
        changes.set(`${chosen}/${i}`, { layer: chosen, latent: i, value: +slider.value });
        draw(false);
      });
      return el("label", {}, `ε ${i + 1}`, slider, output);
    }));
  }

  const begin = () => {
    changes = new Map();
    draw(true);
  };
  seed.addEventListener("change", begin);
  layer.addEventListener("change", show);
  begin();
  return {
    node: el("div", {}, el("p", { class: "quiet" },
      "Base latents in standard deviations of their prior: of one layer the sliders, of the others the values of the seed or what was set."),
      el("div", { class: "controls" }, field("Seed", seed), field("Layer", layer),
        el("button", { class: "button", type: "button", onclick: begin }, "Back to the seed")),
      status.node, el("div", { class: "columns" }, picture, sliders)),
  };
}

function pathTab(run) {
  const steps = el("input", { type: "number", min: "2", max: "31", value: "9" });
  const resize = check("Stretch images of another size");
  const gray = check("Turn colour into grey");
  const status = new Status();
  const images = el("div", { class: "images" });
  const chosen = [null, null];
  const draw = async () => {
    if (!chosen[0] || !chosen[1]) {
      status.say("Choose both images.");
      return;
    }
    const result = await status.run("Going from one image to the other", (how) => compute(
      "/api/path", run.id, form(chosen, { steps: steps.value, resize: resize.input.checked, gray: gray.input.checked }), how));
    if (result) {
      const last = result.images.length - 1;
      images.replaceChildren(...result.images.map((src, i) => el("figure", {},
        image(src, i === 0 || i === last ? "image" : `step ${i}`),
        el("figcaption", {}, i === 0 ? "from" : i === last ? "to" : `${i}`))));
    }
  };
  const zone = (text, index) => dropZone(text, {
    multiple: false,
    onFiles: (files) => {
      [chosen[index]] = files;
      if (chosen[0] && chosen[1]) {
        draw();
      }
    },
  });
  return {
    node: el("div", {}, el("div", { class: "columns" }, zone("Drop the first image, or choose it", 0), zone("Drop the second image, or choose it", 1)),
      el("div", { class: "controls" }, field("Steps", steps), resize.label, gray.label,
        el("button", { class: "button main", type: "button", onclick: draw }, "Go")), status.node, images),
  };
}

function reconstructTab(run) {
  const resize = check("Stretch images of another size");
  const gray = check("Turn colour into grey");
  const status = new Status();
  const rows = el("div", { class: "images" });
  let files = [];
  const draw = async () => {
    if (files.length === 0) {
      status.say("Choose images first.");
      return;
    }
    const result = await status.run("Reconstructing", (how) => compute(
      "/api/reconstruct", run.id, form(files, { resize: resize.input.checked, gray: gray.input.checked }), how));
    if (result) {
      rows.replaceChildren(...result.rows.map((row) => el("figure", {},
        el("div", { class: "images" }, [["given", row.original], ["from its codes", row.free], ["teacher-forced", row.teacherForced]].map(
          ([what, src]) => el("figure", {}, image(src, `${row.name}: ${what}`), el("figcaption", {}, what)))),
        el("figcaption", {}, row.name))));
    }
  };
  return {
    node: el("div", {}, el("p", { class: "quiet" },
      "Of each image: what the model is given, what it makes of its codes alone, and what it makes where each block sees the true one before it."),
      dropZone("Drop images, or choose them", { onFiles: (chosen) => { files = chosen; draw(); } }),
      el("div", { class: "controls" }, resize.label, gray.label,
        el("button", { class: "button main", type: "button", onclick: draw }, "Reconstruct")), status.node, rows),
  };
}
