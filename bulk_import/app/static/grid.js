// A table of any length: only the rows in sight are in the page, the server has the others.
// Focus stays on the grid; the active cell is named by aria-activedescendant.
import { complain, number, post, t, tell } from "./app.js";

const HEIGHT = 32; // of a row, in px; as in app.css
const BLOCK = 200; // rows that are fetched together
const TALLEST = 8_000_000; // px; browsers draw nothing below some 16 million
const SPARE = 8; // rows drawn above and below what is in sight
const MOST_BLOCKS = 40; // kept in memory
const WIDEST = 280;
const NARROWEST = 84;

const workspace = document.getElementById("workspace");
if (workspace) start();

function start() {
  const base = workspace.dataset.base;
  const header = JSON.parse(workspace.dataset.header);
  const statuses = JSON.parse(workspace.dataset.statuses);
  const grid = document.getElementById("grid");
  const side = document.getElementById("side");
  const panel = document.getElementById("cell");
  const find = document.getElementById("find");
  const only = document.getElementById("only-problems");
  const found = document.getElementById("found");

  let want = new URLSearchParams(location.hash === "#problems" ? "problems=1" : "");
  let total = 0;
  let blocks = new Map();
  let generation = 0;
  let top = 0; // of the whole table, in px: what the scroll position stands for
  let active = { at: 0, column: 0 };
  let widths = [];
  let editor = null;
  let settingScroll = false;

  const head = document.createElement("div");
  head.className = "head";
  head.setAttribute("role", "row");
  head.setAttribute("aria-rowindex", "1");
  const body = document.createElement("div");
  body.className = "body";
  body.setAttribute("role", "rowgroup");
  grid.append(head, body);
  grid.setAttribute("aria-colcount", String(header.length + 1));

  // -- rows from the server --------------------------------------------------------------------

  async function fetchBlock(number_) {
    if (blocks.has(number_)) return blocks.get(number_);
    const query = new URLSearchParams(want);
    query.set("first", String(number_ * BLOCK));
    query.set("rows", String(BLOCK));
    const mine = generation;
    const promise = fetch(`${base}/rows?${query}`).then(async (response) => {
      if (!response.ok) throw new Error(await response.text());
      const answer = await response.json();
      if (mine !== generation) return [];
      if (answer.total !== total) { total = answer.total; size(); }
      blocks.set(number_, answer.rows);
      return answer.rows;
    }).catch((error) => { blocks.delete(number_); complain(error.message); return []; });
    blocks.set(number_, promise);
    if (blocks.size > MOST_BLOCKS) for (const key of [...blocks.keys()].slice(0, blocks.size - MOST_BLOCKS)) if (Math.abs(key - number_) > 3) blocks.delete(key);
    return promise;
  }

  function rowAt(position) {
    const block = blocks.get(Math.floor(position / BLOCK));
    return Array.isArray(block) ? block[position % BLOCK] : undefined;
  }

  async function reload({ keep = false } = {}) {
    generation += 1;
    blocks = new Map();
    if (!keep) { active = { at: 0, column: active.column }; top = 0; setScroll(); }
    const first = Math.floor(top / HEIGHT);
    await fetchBlock(Math.floor(first / BLOCK));
    if (!widths.length) measure();
    size();
    draw();
    found.textContent = t("{n} rows", { n: number(total) });
    loadSide();
  }

  // -- geometry: more rows than a browser can be tall are scaled ----------------------------------

  const whole = () => total * HEIGHT;
  const tall = () => Math.min(whole(), TALLEST);
  const view = () => grid.clientHeight - HEIGHT;
  const factor = () => (whole() > TALLEST ? (whole() - view()) / (TALLEST - view()) : 1);

  function size() {
    body.style.height = `${tall()}px`;
    grid.setAttribute("aria-rowcount", String(total + 1));
  }

  function setScroll() {
    settingScroll = true;
    grid.scrollTop = top / factor();
    requestAnimationFrame(() => { settingScroll = false; });
  }

  function clamp() { top = Math.max(0, Math.min(top, whole() - view())); }

  grid.addEventListener("scroll", () => {
    if (!settingScroll && Math.abs(grid.scrollTop - top / factor()) > 1) top = grid.scrollTop * factor();
    clamp();
    draw();
  });
  grid.addEventListener("wheel", (event) => {
    if (factor() === 1 || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault(); // or one turn of the wheel would pass a hundred rows
    top += event.deltaY * (event.deltaMode === 1 ? HEIGHT : 1);
    clamp();
    setScroll();
    draw();
  }, { passive: false });
  addEventListener("resize", () => draw());

  function measure() {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.font = getComputedStyle(grid).font;
    const sample = (blocks.get(0) ?? []);
    widths = header.map((name, column) => {
      let wide = canvas.measureText(name).width + 30;
      for (const row of Array.isArray(sample) ? sample.slice(0, 60) : []) wide = Math.max(wide, canvas.measureText(row.cells[column]).width + 24);
      return Math.round(Math.max(NARROWEST, Math.min(WIDEST, wide)));
    });
    const cells = [cellNode("columnheader", "#", 0)];
    header.forEach((name, column) => {
      const node = cellNode("columnheader", name, column + 1);
      node.style.width = `${widths[column]}px`;
      node.title = name;
      cells.push(node);
    });
    head.replaceChildren(...cells);
  }

  function cellNode(role, text, column) {
    const node = document.createElement("div");
    node.setAttribute("role", role);
    node.setAttribute("aria-colindex", String(column + 1));
    node.textContent = text;
    return node;
  }

  // -- drawing ------------------------------------------------------------------------------------

  let drawing = false;
  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => { drawing = false; paint(); });
  }

  function paint() {
    const first = Math.max(0, Math.floor(top / HEIGHT) - SPARE);
    const last = Math.min(total, Math.ceil((top + view()) / HEIGHT) + SPARE);
    const shift = top / factor() - top; // where the table would be if it were not scaled
    const lines = [];
    for (let at = first; at < last; at += 1) lines.push(lineNode(at, shift));
    if (!total && Array.isArray(blocks.get(0))) {
      const none = document.createElement("div");
      none.className = "none";
      none.setAttribute("role", "row");
      none.append(cellNode("gridcell", t("No row fits."), 0));
      lines.push(none);
    }
    body.replaceChildren(...lines);
    nameActive();
    for (let block = Math.floor(first / BLOCK); block <= Math.floor(Math.max(first, last - 1) / BLOCK); block += 1) {
      if (!blocks.has(block)) fetchBlock(block).then(draw);
    }
    const ahead = Math.floor((last + BLOCK / 2) / BLOCK);
    if (ahead * BLOCK < total && !blocks.has(ahead)) fetchBlock(ahead);
  }

  function lineNode(at, shift) {
    const row = rowAt(at);
    const line = document.createElement("div");
    line.className = "line";
    line.setAttribute("role", "row");
    line.setAttribute("aria-rowindex", String(at + 2));
    line.style.top = `${at * HEIGHT + shift}px`;
    const name = cellNode("rowheader", "", 0);
    if (row) {
      const dot = document.createElement("span");
      dot.className = `dot dot-${row.status}`;
      dot.title = row.why || statuses[row.status];
      name.append(dot, number(row.row));
      name.setAttribute("aria-label", `${number(row.row)}: ${statuses[row.status]}`);
    } else {
      name.textContent = "…";
    }
    line.append(name);
    header.forEach((title, column) => {
      const cell = cellNode("gridcell", row ? row.cells[column] : "…", column + 1);
      cell.style.width = `${widths[column] ?? NARROWEST}px`;
      cell.id = `c-${at}-${column}`;
      if (row) {
        const mark = row.marks[title];
        if (mark) { cell.classList.add(mark); if (mark === "error") cell.setAttribute("aria-invalid", "true"); }
      } else cell.classList.add("waiting-cell");
      if (at === active.at && column === active.column) { cell.classList.add("at"); cell.setAttribute("aria-selected", "true"); }
      line.append(cell);
    });
    return line;
  }

  function nameActive() {
    const id = `c-${active.at}-${active.column}`;
    if (document.getElementById(id)) grid.setAttribute("aria-activedescendant", id);
    else grid.removeAttribute("aria-activedescendant");
  }

  // -- moving -------------------------------------------------------------------------------------

  function show(at, column) {
    active = { at: Math.max(0, Math.min(total - 1, at)), column: Math.max(0, Math.min(header.length - 1, column)) };
    const y = active.at * HEIGHT;
    if (y < top) top = y;
    if (y + HEIGHT > top + view()) top = y + HEIGHT - view();
    clamp();
    setScroll();
    const x = widths.slice(0, active.column).reduce((sum, width) => sum + width, 0);
    const fixed = 99;
    if (x < grid.scrollLeft) grid.scrollLeft = x;
    if (x + widths[active.column] + fixed > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = x + widths[active.column] + fixed - grid.clientWidth;
    draw();
    explainSoon();
  }

  const page = () => Math.max(1, Math.floor(view() / HEIGHT) - 1);
  const moves = {
    ArrowDown: () => show(active.at + 1, active.column), ArrowUp: () => show(active.at - 1, active.column),
    ArrowRight: () => show(active.at, active.column + 1), ArrowLeft: () => show(active.at, active.column - 1),
    PageDown: () => show(active.at + page(), active.column), PageUp: () => show(active.at - page(), active.column),
  };
  grid.addEventListener("keydown", (event) => {
    if (editor || !total) return;
    const far = event.ctrlKey || event.metaKey;
    if (far && event.key.toLowerCase() === "z") { event.preventDefault(); step(event.shiftKey ? "redo" : "undo"); return; }
    if (far && event.key.toLowerCase() === "y") { event.preventDefault(); step("redo"); return; }
    if (event.key === "Home") { event.preventDefault(); show(far ? 0 : active.at, 0); return; }
    if (event.key === "End") { event.preventDefault(); show(far ? total - 1 : active.at, header.length - 1); return; }
    if (moves[event.key]) { event.preventDefault(); moves[event.key](); return; }
    if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); edit(); return; }
    if (event.key === "Delete") { event.preventDefault(); save(""); return; }
    if (event.key.length === 1 && !far && !event.altKey) { event.preventDefault(); edit(event.key); }
  });
  grid.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[role=gridcell]");
    if (!cell) return;
    const [, at, column] = cell.id.split("-").map(Number);
    show(at, column);
  });
  grid.addEventListener("dblclick", (event) => { if (event.target.closest("[role=gridcell]")) edit(); });

  // -- one cell -----------------------------------------------------------------------------------

  let timer = 0;
  let asked = 0;
  function explainSoon() { clearTimeout(timer); timer = setTimeout(explain, 120); }
  async function explain() {
    const row = rowAt(active.at);
    if (!row) return;
    asked += 1;
    const mine = asked;
    const query = new URLSearchParams({ seq: row.seq, column: header[active.column] });
    const response = await fetch(`${base}/cell?${query}`);
    if (response.ok && mine === asked) panel.innerHTML = await response.text();
  }

  function edit(first) {
    const row = rowAt(active.at);
    const cell = document.getElementById(`c-${active.at}-${active.column}`);
    if (!row || !cell || editor) return;
    editor = document.createElement("input");
    editor.value = first ?? row.cells[active.column];
    editor.setAttribute("aria-label", t("Edit {column}", { column: header[active.column] }));
    const box = cell.getBoundingClientRect();
    const outer = grid.getBoundingClientRect();
    editor.style.left = `${box.left - outer.left + grid.scrollLeft - 1}px`;
    editor.style.top = `${box.top - outer.top + grid.scrollTop - 1}px`;
    editor.style.width = `${Math.max(box.width, 180)}px`;
    const done = (keeps) => {
      if (!editor) return;
      const text = editor.value;
      const gone = editor;
      editor = null;
      gone.remove();
      grid.focus({ preventScroll: true });
      if (keeps && text !== row.cells[active.column]) save(text);
    };
    editor.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") { event.preventDefault(); done(true); show(active.at + 1, active.column); }
      else if (event.key === "Tab") { event.preventDefault(); done(true); show(active.at, active.column + (event.shiftKey ? -1 : 1)); }
      else if (event.key === "Escape") done(false);
    });
    editor.addEventListener("blur", () => done(true));
    grid.append(editor);
    editor.focus({ preventScroll: true });
    if (first === undefined) editor.select();
  }

  async function save(text) {
    const { at, column } = active;
    const row = rowAt(at);
    if (!row) return;
    try {
      const answer = await post(`${base}/edit`, { seq: row.seq, column: header[column], text });
      complain("");
      for (const changed of answer.rows) Object.assign(row, changed);
      draw();
      explain();
      loadSide();
      tell(t("Saved"));
    } catch (error) {
      complain(t("Not saved: {why}", { why: error.message }));
    }
  }

  async function step(which) {
    try {
      const answer = await post(`${base}/${which}`, {});
      if (answer.reload) location.reload();
      else { await reload({ keep: true }); explain(); }
    } catch (error) { complain(error.message); }
  }

  // -- filters, fixes -----------------------------------------------------------------------------

  async function loadSide() {
    const response = await fetch(`${base}/side?${want}`);
    if (!response.ok) return;
    const focused = side.contains(document.activeElement) ? document.activeElement.dataset.want : null;
    const open = [...side.querySelectorAll("details")].map((one) => one.open);
    side.innerHTML = await response.text();
    [...side.querySelectorAll("details")].forEach((one, index) => { one.open = open[index] ?? false; });
    if (focused !== null && focused !== undefined) side.querySelector(`[data-want="${CSS.escape(focused)}"]`)?.focus();
  }

  function filter(query) {
    want = new URLSearchParams(query);
    only.checked = want.get("problems") === "1";
    reload();
  }

  side.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.want !== undefined) { find.value = ""; filter(button.dataset.want); }
    else if (button.dataset.do) step(button.dataset.do);
    else if (button.dataset.takeover) {
      try {
        const answer = await post(`${base}/takeover`, { from: button.dataset.takeover });
        await reload({ keep: true });
        tell(t("{n} rows", { n: number(answer.changed) }));
      } catch (error) { complain(error.message); }
    }
    else if (button.dataset.fix) {
      button.disabled = true;
      try {
        const answer = await post(`${base}/fix`, { change: button.dataset.fix });
        if (answer.reload) location.reload();
      } catch (error) { button.disabled = false; complain(error.message); }
    }
  });
  only.addEventListener("change", () => filter(only.checked ? "problems=1" : ""));
  let typing = 0;
  find.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const query = new URLSearchParams(want);
      if (find.value) query.set("text", find.value); else query.delete("text");
      want = query;
      reload();
    }, 250);
  });
  document.getElementById("finder").addEventListener("submit", (event) => event.preventDefault());

  const fields = { column: "r-column", find: "r-find", by: "r-by", whole: "r-whole", exact: "r-exact" };
  function replacement() {
    const values = {};
    for (const [name, id] of Object.entries(fields)) {
      const field = document.getElementById(id);
      values[name] = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
    }
    return values;
  }
  const preview = document.getElementById("r-preview");
  async function look() {
    const values = replacement();
    if (!values.find) { preview.textContent = ""; return; }
    try {
      const answer = await post(`${base}/replace`, { ...values, preview: "1" });
      const shown = answer.examples.map(([before, after]) => `${before} → ${after || t("empty")}`).join(" · ");
      preview.textContent = `${number(answer.changed)}: ${shown}`;
    } catch (error) { complain(error.message); }
  }
  for (const id of Object.values(fields)) document.getElementById(id).addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 300); });
  document.getElementById("r-go").addEventListener("click", async () => {
    try {
      const answer = await post(`${base}/replace`, replacement());
      preview.textContent = t("{n} rows", { n: number(answer.changed) });
      await reload({ keep: true });
    } catch (error) { complain(error.message); }
  });

  reload();
}
