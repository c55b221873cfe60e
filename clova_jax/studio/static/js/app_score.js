// Scores versions of an app on a table, and says whether one is better than another.
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { Field, check, choice, numberInput, row, textInput } from "./fields.js";
import { apiOf } from "./names.js";
import { cellsOf } from "./table.js";
import { say, unsay } from "./words.js";

const METRICS = { exact: "metricExact", f1: "metricF1", bleu: "metricBleu", regex: "metricRegex" };

export class AppScore {
  constructor(place, { api, notices, app }) {
    Object.assign(this, { api, notices, app });
    const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", id: "score-file", class: "hidden-file", label: "scoreFile" });
    file.addEventListener("change", async () => {
      if (file.files[0]) this.table.input.value = await file.files[0].text();
      file.value = "";
      this.read();
    });
    this.table = new Field(textInput({ rows: 6, id: "score-table", spellcheck: "false", placeholder: "scorePlaceholder", onInput: () => this.read() }), { word: "scoreTable", hint: "scoreTableHint" });
    this.input = choice({ choices: [], id: "score-input" });
    this.target = choice({ choices: [], id: "score-target" });
    this.metric = choice({ value: "exact", choices: Object.entries(METRICS).map(([name, key]) => [name, { word: key }]), id: "score-metric" });
    this.seed = numberInput({ value: 0, least: 0, most: 2 ** 31 - 1, id: "score-seed" });
    const numbers = app.versions.map((one) => one.number).sort((one, other) => other - one);
    this.versions = numbers.map((n, at) => [n, check({ word: "versionOf", values: { n }, checked: at < 2, "data-version": n })]);
    this.columns = h("div", { class: "switched", hidden: true }, new Field(this.input, { word: "scoreInput", line: true }).element, new Field(this.target, { word: "scoreTarget", line: true }).element);
    this.fault = h("p", { class: "fault", id: "score-fault", "aria-live": "polite" });
    this.go = h("button", { type: "submit", class: "main", id: "score-run", word: "scoreRun" });
    this.result = h("div", { class: "score-result", "aria-live": "polite" });
    const form = h("form", { class: "score-form card", novalidate: true }, this.table.element, row(h("label", { class: "button", for: file.id }, file, h("span", { word: "scoreFile" }))), this.columns,
      new Field(this.metric, { word: "scoreMetric", line: true }).element, new Field(this.seed, { word: "seed", line: true }).element,
      h("fieldset", { class: "ways" }, h("legend", { word: "scoreVersions" }), ...this.versions.map(([, box]) => box)), row(this.go), this.fault);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    place.append(h("p", { class: "intro", word: "scoreIntro" }), h("div", { class: "score-grid" }, form, this.result));
    this.drawn = "";
    document.addEventListener("studio-language", () => this.last && place.isConnected && this.show(this.last));
  }

  // Fills the choices of columns from the table's first row.
  read() {
    const [head = []] = cellsOf(this.table.value);
    const names = head.map((name) => name.trim()).filter(Boolean);
    this.columns.hidden = names.length < 2;
    if (names.join("\0") === this.drawn) return;
    this.drawn = names.join("\0");
    for (const [select, at] of [[this.input, 0], [this.target, 1]]) {
      select.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
      select.value = names[at] ?? "";
    }
  }

  // What is wrong with the table before it is sent: nothing in it, or a row with another number of cells.
  check() {
    const rows = cellsOf(this.table.value);
    const uneven = rows.findIndex((cells) => cells.length !== rows[0].length);
    if (rows.length < 2 || rows[0].length < 2) this.table.fail("scoreTableEmpty");
    else if (uneven >= 0) this.table.fail("scoreTableUneven", { line: uneven + 1, cells: rows[uneven].length, most: rows[0].length });
    else return true;
    return false;
  }

  async run() {
    unsay(this.fault);
    if (this.go.disabled || !this.check()) return;
    const versions = this.versions.filter(([, box]) => box.querySelector("input").checked).map(([n]) => n);
    if (!versions.length) return say(this.fault, "scoreNoVersion");
    this.go.disabled = true;
    this.result.replaceChildren(h("p", { class: "hint", word: "scoreWorking" }));
    const table = csvOf(cellsOf(this.table.value));
    const body = { versions, table, input: this.input.value, target: this.target.value, metric: this.metric.value, seed: Number(this.seed.value) || 0 };
    try {
      this.last = await this.api.post(apiOf(this.app.name, "score"), body);
      this.show(this.last);
    } catch (error) {
      this.result.replaceChildren();
      const words = wordsOf(error);
      if (words && /table|row|line|column/.test(error.message)) this.table.fail("scoreTableWrong", { message: error.message });
      else if (words) say(this.fault, ...words);
    } finally {
      this.go.disabled = false;
    }
  }

  show({ rows, results, differences = [] }) {
    const number = (value) => value.toFixed(1);
    const head = (...keys) => h("thead", {}, h("tr", {}, ...keys.map((key) => h("th", { scope: "col", word: key }))));
    const line = ({ version, value, low, high }) => h("tr", {}, h("th", { scope: "row", word: "versionOf", values: { n: version } }), h("td", {}, number(value)), h("td", {}, `${number(low)} – ${number(high)}`));
    const scores = h("table", { class: "figures" }, head("scoreVersion", "scoreValue", "scoreInterval"), h("tbody", {}, ...results.map(line)));
    const verdict = ({ a, b, value, low, high }) => {
      const key = low > 0 ? "scoreBetter" : high < 0 ? "scoreWorse" : "scoreEqual";
      return h("li", { word: key, values: { a, b, value: number(Math.abs(value)), low: number(low), high: number(high) } });
    };
    this.result.replaceChildren(h("section", { class: "card" }, h("h3", { word: "scoreOn", values: { n: rows } }), scores,
      differences.length ? h("ul", { class: "verdicts" }, ...differences.map(verdict)) : null, h("p", { class: "hint", word: "scoreIntervalHint" })));
  }
}

function csvOf(rows) {
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((cells) => cells.map(cell).join(",")).join("\n");
}
