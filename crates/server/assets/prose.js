/* Plain text with lines becomes paragraphs, lists and tables, made with DOM methods only; the
   pages' `prose.rs` reads the same lines. Nothing here writes HTML. */

/* An element with attributes and children; text is always text. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/* The blocks of a text. `anchor` is the turn's id: markers lead to `#{anchor}-source-{n}`. */
export function prose(text, anchor) {
  const blocks = [];
  let rows = [];
  const closeRows = () => {
    if (rows.length > 0) blocks.push(framed(rows[0]) ? markdownTable(rows, anchor) : table(rows, anchor));
    rows = [];
  };
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const bullet = line.startsWith("- ") ? line.slice(2) : null;
    const step = bullet === null ? /^(\d{1,3})\. (.*)$/.exec(line) : null;
    if (bullet === null && step === null && (line.includes(" | ") || framed(line))) {
      if (rows.length > 0 && framed(rows[0]) !== framed(line)) closeRows();
      rows.push(line);
      continue;
    }
    closeRows();
    if (line === "") continue;
    const last = blocks.at(-1);
    if (bullet !== null) {
      const list = last?.tagName === "UL" ? last : element("ul");
      if (list !== last) blocks.push(list);
      list.append(element("li", {}, ...spans(bullet, anchor)));
    } else if (step !== null) {
      const number = Number(step[1]);
      const follows = last?.tagName === "OL" && number === last.start + last.children.length;
      const list = follows ? last : element("ol", { start: number });
      if (!follows) blocks.push(list);
      list.append(element("li", {}, ...spans(step[2], anchor)));
    } else {
      blocks.push(element("p", {}, ...spans(line, anchor)));
    }
  }
  closeRows();
  return blocks;
}

/* Words and [1] markers of a line. */
function spans(line, anchor) {
  return line.split(/(\[[1-9]\d?\])/).filter(Boolean).map((piece) => {
    const marker = /^\[(\d+)\]$/.exec(piece);
    if (!marker) return piece;
    const href = `#${anchor}-source-${marker[1]}`;
    return element("a", { class: "marker", href, "aria-label": `Source ${marker[1]}` }, piece);
  });
}

/* Rows `first | Name: value | Name: value`. A column stands where its name first appears, because an
   empty cell is left out of its line. */
function table(lines, anchor) {
  const columns = [];
  const rows = lines.map((line) => {
    const [first, ...cells] = line.split(" | ");
    const row = [first];
    for (const cell of cells) {
      const colon = cell.indexOf(": ");
      const name = colon < 0 ? "" : cell.slice(0, colon);
      let column = columns.indexOf(name);
      if (column < 0 || row[column + 1] !== undefined) column = columns.push(name) - 1;
      row[column + 1] = colon < 0 ? cell : cell.slice(colon + 2);
    }
    return row;
  });
  return tableOf(columns, rows, anchor);
}

/* A row of a Markdown table, as answers have them; documents keep no frame. */
const framed = (line) => line.length > 2 && line.startsWith("|") && line.endsWith("|");

/* The first row names the columns, the second is the rule below it. */
function markdownTable(lines, anchor) {
  const cells = (line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const isRule = (line) => /^[|:\- ]+$/.test(line);
  return tableOf(cells(lines[0]).slice(1), lines.slice(1).filter((line) => !isRule(line)).map(cells), anchor);
}

function tableOf(columns, rows, anchor) {
  const head = element("tr", {}, element("td"), ...columns.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((row) => {
    const cells = columns.map((_, i) => element("td", {}, ...spans(row[i + 1] ?? "", anchor)));
    return element("tr", {}, element("th", { scope: "row" }, ...spans(row[0], anchor)), ...cells);
  });
  const whole = element("table", { class: "table" }, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" }, whole);
}
