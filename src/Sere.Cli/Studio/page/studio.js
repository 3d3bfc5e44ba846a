import { el, get } from "./dom.js";
import { runsView } from "./runs.js";
import { runView } from "./run.js";
import { comparisonView } from "./comparison.js";

// What is known of all runs; the server tells each change.
export const state = { runs: [], comparisons: [], imageFolders: [], listeners: new Set() };

let view = null;

async function show() {
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  const parameters = new URLSearchParams(query);
  const main = document.getElementById("main");
  view?.dispose?.();
  view = null;
  try {
    view = path === "/run" ? await runView(state, parameters.get("run"), parameters.get("tab"))
      : path === "/comparison" ? await comparisonView(parameters.get("comparison"))
      : runsView(state);
    main.replaceChildren(view.node);
  } catch (error) {
    main.replaceChildren(el("p", { class: "error" }, error.message), el("p", {}, el("a", { href: "#/" }, "All runs")));
  }
}

async function start() {
  const all = await get("/api/runs");
  Object.assign(state, { runs: all.runs, comparisons: all.comparisons, imageFolders: all.imageFolders });
  document.getElementById("folder").textContent = all.folder;
  const connection = document.getElementById("connection");
  let events = null;
  function listen() {
    events = new EventSource("/api/events");
    events.onopen = () => { connection.textContent = "live"; };
    events.onerror = async () => {
      connection.textContent = "The studio does not answer; trying again.";
      if (events.readyState === EventSource.CLOSED) {
        try {
          await get("/api/runs");
          setTimeout(listen, 5000);
        } catch (error) {
          connection.textContent = error.message;
        }
      }
    };
    events.onmessage = (event) => {
      Object.assign(state, JSON.parse(event.data));
      state.listeners.forEach((listener) => listener());
    };
  }
  // A browser has six connections to one address, and each open page would hold one.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      events.close();
    } else {
      listen();
    }
  });
  listen();
  addEventListener("hashchange", show);
  await show();
}

start().catch((error) => document.getElementById("main").replaceChildren(el("p", { class: "error" }, error.message)));
