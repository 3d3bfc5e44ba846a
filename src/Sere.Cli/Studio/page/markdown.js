import { el } from "./dom.js";

// The part of Markdown that reports are written in: headings, paragraphs, lists, tables, code, pictures. Everything becomes text or
// an element made here; nothing is taken as HTML.
export function markdown(text, pictureAddress) {
  const page = el("div");
  const lines = text.split("\n");
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const heading = /^(#{1,4}) (.*)$/.exec(line);
    if (heading) {
      page.append(el(`h${Math.min(heading[1].length + 1, 4)}`, {}, ...inline(heading[2], pictureAddress)));
      i++;
    } else if (line.startsWith("```")) {
      const end = lines.indexOf("```", i + 1);
      page.append(el("pre", {}, lines.slice(i + 1, end < 0 ? undefined : end).join("\n")));
      i = end < 0 ? lines.length : end + 1;
    } else if (line.startsWith("|")) {
      const rows = [];
      while (i < lines.length && lines[i].startsWith("|")) {
        rows.push(lines[i++].replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim()));
      }
      const [head, , ...body] = rows;
      page.append(el("div", { class: "wide" }, el("table", {},
        el("thead", {}, el("tr", {}, head.map((cell) => el("th", {}, ...inline(cell, pictureAddress))))),
        el("tbody", {}, body.map((row) => el("tr", {}, row.map((cell) => el("td", {}, ...inline(cell, pictureAddress)))))))));
    } else if (/^[-*] /.test(line)) {
      const items = [];
      while (i < lines.length && /^[-*] /.test(lines[i])) {
        items.push(el("li", {}, ...inline(lines[i++].slice(2), pictureAddress)));
      }
      page.append(el("ul", {}, items));
    } else if (line.trim() === "") {
      i++;
    } else {
      const paragraph = [];
      do {
        paragraph.push(lines[i++]);
      } while (i < lines.length && lines[i].trim() !== "" && !/^(#|\||```|[-*] )/.test(lines[i]));
      page.append(el("p", {}, ...inline(paragraph.join(" "), pictureAddress)));
    }
  }
  return page;
}

function inline(text, pictureAddress) {
  const parts = [];
  const pattern = /!\[([^\]]*)\]\(([^)]+)\)|\[([^\]]+)\]\(([^)]+)\)|`([^`]+)`|\*\*([^*]+)\*\*/g;
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    const [, alt, picture, label, , code, strong] = match;
    parts.push(picture !== undefined ? el("img", { class: "picture", alt, src: pictureAddress(picture) })
      : label !== undefined ? label
      : code !== undefined ? el("code", {}, code)
      : el("strong", {}, strong));
  }
  parts.push(text.slice(last));
  return parts;
}
