// Elements, numbers and requests.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (name in node && typeof value !== "string") {
      node[name] = value;
    } else {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const field = (label, input) => el("label", {}, label, input);

export const check = (label, isOn = false) => {
  const input = el("input", { type: "checkbox", checked: isOn });
  return { input, label: el("label", { class: "check" }, input, label) };
};

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export const fixed = (value, digits = 2) => (isNumber(value) ? value.toFixed(digits) : "–");

export function amount(value) {
  return isNumber(value) ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : "–";
}

export function duration(seconds) {
  if (!isNumber(seconds)) {
    return "–";
  }
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

async function failure(response) {
  try {
    return new Error((await response.json()).error);
  } catch {
    return new Error(`The studio answered ${response.status}.`);
  }
}

export async function get(path, parameters = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(parameters)}`);
  if (!response.ok) {
    throw await failure(response);
  }
  return response.json();
}

export const address = (path, parameters) => `${path}?${new URLSearchParams(parameters)}`;

// A computation: an answer of lines, the last of which holds the result.
export async function compute(path, run, body, { onLine, signal } = {}) {
  const isForm = body instanceof FormData;
  const response = await fetch(address(path, { run }), {
    method: "POST",
    body: isForm ? body : JSON.stringify(body),
    headers: isForm ? {} : { "Content-Type": "application/json" },
    signal,
  });
  if (!response.ok) {
    throw await failure(response);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const told = JSON.parse(line);
      if (told.error !== undefined) {
        throw new Error(told.error);
      }
      if (told.result !== undefined) {
        return told.result;
      }
      onLine?.(told);
    }
    if (done) {
      throw new Error("The answer broke off; is the studio still running?");
    }
  }
}

// A place that says what is going on, how far it is, and how to stop it.
export class Status {
  constructor() {
    this.node = el("div", { class: "status", role: "status" });
  }

  say(...parts) {
    this.node.replaceChildren(...parts);
  }

  // Runs one thing; the newest replaces one that still runs.
  async run(what, work) {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    const started = performance.now();
    const text = el("span", {}, `${what} …`);
    const bar = el("progress", { "aria-label": what });
    const stop = el("button", { class: "button", type: "button", onclick: () => controller.abort() }, "Stop");
    const timer = setInterval(() => {
      text.textContent = `${what}, ${duration((performance.now() - started) / 1000)}${this.note ? `, ${this.note}` : ""}`;
    }, 500);
    this.note = "";
    this.say(text, bar, stop);
    const onLine = (line) => {
      if (line.ahead !== undefined) {
        this.note = `${line.ahead} before it, about ${duration(line.seconds)}`;
      }
      if (line.row?.of) {
        bar.max = line.row.of;
        bar.value = line.row.done;
        this.note = `${line.row.done} of ${line.row.of}`;
      }
    };
    try {
      const result = await work({ signal: controller.signal, onLine });
      if (this.controller === controller) {
        this.say(el("span", { class: "quiet" }, `${what}: done in ${duration((performance.now() - started) / 1000)}.`));
      }
      return result;
    } catch (error) {
      if (this.controller === controller) {
        this.say(controller.signal.aborted ? el("span", {}, "Stopped.") : el("span", { class: "error" }, error.message));
      }
      return null;
    } finally {
      clearInterval(timer);
    }
  }
}

// A place to drop images on, or to choose them.
export function dropZone(text, { multiple = true, onFiles }) {
  const input = el("input", { type: "file", multiple, accept: "image/png,image/jpeg,image/webp,image/bmp", "aria-label": text });
  input.addEventListener("change", () => onFiles([...input.files].map((file) => ({ file, name: file.name }))));
  const zone = el("div", { class: "drop" }, el("p", {}, text), input);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    onFiles(entries.length ? (await Promise.all(entries.map((entry) => filesOf(entry, "")))).flat()
      : [...event.dataTransfer.files].map((file) => ({ file, name: file.name })));
  });
  return zone;
}

// Files of a dropped folder bear the names of their subfolders, which may be labels.
async function filesOf(entry, folder) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return /\.(png|jpe?g|webp|bmp)$/i.test(file.name) ? [{ file, name: folder + file.name }] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      break;
    }
    found.push(...some);
  }
  const inner = await Promise.all(found.map((child) => filesOf(child, child.isDirectory ? `${child.name}/` : folder)));
  return inner.flat().sort((one, other) => one.name.localeCompare(other.name));
}

export function form(files, fields = {}) {
  const data = new FormData();
  for (const { file, name } of files) {
    data.append("images", file, name);
  }
  for (const [name, value] of Object.entries(fields)) {
    data.append(name, `${value}`);
  }
  return data;
}

export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
