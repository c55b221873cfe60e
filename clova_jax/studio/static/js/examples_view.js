// The view of the few-shot table.
import { h, later } from "./dom.js";
import { complete } from "./stream.js";
import { isTable, promptOf, rowsOf } from "./table.js";
import { turns } from "./turns.js";
import { say, unsay, word } from "./words.js";
import { readJson } from "./storage.js";

const PLACE = "studio.examples";
const MOST_ROWS = 500;
const empty = () => ({ input: "", output: "" });

export class ExamplesView {
  constructor(parts, { api, settings, notices, storage, toEditor, record }) {
    Object.assign(this, { parts, api, settings, notices, storage, toEditor, record, begin: turns() });
    const names = { inputName: word("inputDefault"), outputName: word("outputDefault") };
    this.table = { instruction: "", ...names, query: "", oneLine: true, rows: [empty(), empty()] };
    Object.assign(this.table, readJson(storage, PLACE, {}));
    this.count = later(() => this.countTokens(), 250);
    for (const name of ["instruction", "inputName", "outputName", "query"]) {
      parts[name].addEventListener("input", () => this.change({ [name]: parts[name].value }));
    }
    parts.oneLine.addEventListener("change", () => this.change({ oneLine: parts.oneLine.checked }));
    parts.addRow.addEventListener("click", () => this.addRow());
    parts.clear.addEventListener("click", () => this.use({ ...this.table, rows: [empty(), empty()] }));
    parts.toEditor.addEventListener("click", () => this.toEditor(promptOf(this.table), this.stops()));
    parts.run.addEventListener("click", () => this.run());
    parts.rows.addEventListener("paste", (event) => this.paste(event));
    this.use(this.table);
  }

  use(table) {
    this.table = table;
    for (const name of ["instruction", "inputName", "outputName", "query"]) this.parts[name].value = table[name];
    this.parts.oneLine.checked = table.oneLine;
    this.drawRows();
    this.change({});
  }

  change(changes) {
    Object.assign(this.table, changes);
    this.storage.set(PLACE, JSON.stringify(this.table));
    this.parts.preview.textContent = promptOf(this.table);
    this.count();
  }

  stops() {
    return this.table.oneLine ? ["\n"] : [];
  }

  drawRows() {
    this.parts.rows.replaceChildren(...this.table.rows.map((row, at) => this.rowOf(row, at)));
  }

  rowOf(row, at) {
    const cell = (name) => {
      const label = `${name}Of`;
      const area = h("textarea", { rows: 1, label, labelValues: { n: at + 1 }, "data-row": at, "data-column": name });
      area.value = row[name];
      area.addEventListener("input", () => {
        row[name] = area.value;
        this.change({});
      });
      return h("td", {}, area);
    };
    const on = { click: () => this.removeRow(at) };
    const out = h("button", { type: "button", class: "quiet", label: "removeRow", labelValues: { n: at + 1 }, on }, "×");
    return h("tr", {}, h("th", { scope: "row" }, String(at + 1)), cell("input"), cell("output"), h("td", {}, out));
  }

  addRow() {
    this.table.rows.push(empty());
    this.drawRows();
    this.change({});
    this.parts.rows.querySelector("tr:last-child textarea").focus();
  }

  removeRow(at) {
    this.table.rows.splice(at, 1);
    if (!this.table.rows.length) this.table.rows.push(empty());
    this.drawRows();
    this.change({});
    const areas = this.parts.rows.querySelectorAll("textarea");
    areas[Math.min(2 * at, areas.length - 2)].focus();
  }

  // Cells of a sheet fill rows from where they are pasted; one cell is pasted as text.
  paste(event) {
    const text = event.clipboardData.getData("text/plain");
    const at = Number(event.target.dataset?.row);
    if (!isTable(text) || Number.isNaN(at)) return;
    event.preventDefault();
    const { rows, uneven } = rowsOf(text);
    const column = event.target.dataset.column;
    const filled = rows.map((row, place) => {
      const before = this.table.rows[at + place] ?? empty();
      return column === "output" && !row.output ? { ...before, output: row.input } : row;
    });
    this.table.rows.splice(at, filled.length, ...filled);
    this.table.rows.length = Math.min(this.table.rows.length, MOST_ROWS);
    this.drawRows();
    this.change({});
    this.notices.show(uneven ? "pastedUneven" : "pasted", { n: filled.length, ...uneven });
  }

  async countTokens() {
    const { tokens, meter } = this.parts;
    const late = this.begin();
    try {
      const { count, most } = await this.api.countTokens(promptOf(this.table));
      if (late()) return;
      const over = count + this.settings.values.max_tokens - most;
      say(tokens, over > 0 ? "tooLong" : "tokensOf", { count: count.toLocaleString(), most: most.toLocaleString(), over });
      tokens.dataset.kind = over > 0 ? "fault" : "note";
      meter.style.setProperty("--share", Math.min(1, count / most));
    } catch {
      if (!late()) unsay(tokens);
    }
  }

  async run() {
    const { answer, run } = this.parts;
    if (!this.table.query.trim()) return this.notices.show("noQuery");
    if (!this.settings.check(this.notices)) return;
    this.notices.clear();
    run.disabled = true;
    answer.textContent = "";
    this.parts.answerBox.hidden = false;
    const prompt = promptOf(this.table);
    const body = this.settings.body(prompt, false);
    const written = { text: "", finish: null };
    try {
      const stop = [...new Set([...(body.stop ?? []), ...this.stops()])];
      for await (const choice of complete(this.api, { ...body, n: 1, ...(stop.length ? { stop } : {}) })) {
        written.text += choice.text;
        written.finish = choice.finish_reason ?? written.finish;
        answer.textContent = written.text;
      }
      if (!written.text.trim()) this.notices.show("answerEmpty");
    } catch (error) {
      this.notices.fail(error);
    } finally {
      run.disabled = false;
      this.parts.answerBox.scrollIntoView({ block: "nearest" });
      if (written.text) this.record(prompt, written);
    }
  }
}
