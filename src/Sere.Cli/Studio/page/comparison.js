import { address, el, get } from "./dom.js";
import { markdown } from "./markdown.js";

export async function comparisonView(comparison) {
  const { report } = await get("/api/comparison", { comparison });
  return {
    node: el("div", {}, el("p", {}, el("a", { href: "#/" }, "All runs")),
      report
        ? markdown(report, (name) => address("/api/comparison-picture", { comparison, name }))
        : el("p", {}, "No row of this comparison is done yet.")),
  };
}
