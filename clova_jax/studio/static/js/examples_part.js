// The table of examples of an app: pasted from a sheet, a file of rows, or typed.
import { part, whole } from "./app_parts.js";
import { h } from "./dom.js";
import { Field, button, check, numberInput, row, textInput } from "./fields.js";
import { cellsOf, isTable } from "./table.js";

const MOST_ROWS = 500;

export function examplesPart(content, change, notices) {
  const kept = content.examples ?? { columns: ["질문", "답"], rows: [["", ""], ["", ""]], shown: "질문: {질문}\n답: {답}", compared: null, count: 4 };
  const set = (name) => (value) => {
    kept[name] = value;
    change();
  };
  const columns = new Field(textInput({ value: kept.columns.join(", "), id: "examples-columns", onInput: (text) => recolumn(text) }), { word: "examplesColumns", hint: "examplesColumnsHint" });
  const shown = new Field(textInput({ rows: 2, value: kept.shown, id: "examples-shown", spellcheck: "false", onInput: set("shown") }), { word: "examplesShown", hint: "examplesShownHint" });
  const count = new Field(numberInput({ value: kept.count, least: 1, most: 100, id: "examples-count", onInput: set("count") }), { word: "examplesCount", hint: "examplesCountHint", line: true });
  const table = new ExamplesTable(kept, change, notices);
  const recolumn = (text) => {
    kept.columns = text.split(",").map((name) => name.trim()).filter(Boolean);
    kept.rows = kept.rows.map((cells) => kept.columns.map((_, at) => cells[at] ?? ""));
    table.draw();
    change();
  };
  const fields = h("div", { class: "switched" }, columns.element, table.element, shown.element, count.element);
  const onChange = (on) => {
    content.examples = on ? kept : null;
    change();
  };
  const made = part("examples", "partExamples", () => (content.examples ? ["examplesShort", { n: kept.rows.length }] : ["off", {}]),
    h("p", { class: "hint", word: "partExamplesHint" }), check({ word: "examplesUse", checked: content.examples !== null, id: "examples-use", onChange }), fields);
  const refresh = () => {
    fields.hidden = !content.examples;
    made.refresh();
  };
  const fits = () => {
    if (!content.examples) return true;
    if (!kept.columns.length || new Set(kept.columns).size < kept.columns.length) {
      columns.fail("examplesColumnsWrong");
      return false;
    }
    kept.rows = kept.rows.filter((cells) => cells.some((cell) => cell.trim()));
    table.draw();
    return whole(count, kept.count, 1, 100);
  };
  return { ...made, refresh, check: fits, takes: (message) => /example|shown|column|row \d/.test(message), fault: (message) => shown.fail("examplesWrong", { message }) };
}

class ExamplesTable {
  constructor(kept, change, notices) {
    Object.assign(this, { kept, change, notices });
    this.head = h("tr", {});
    this.body = h("tbody", {});
    const table = h("table", { class: "shots" }, h("thead", {}, this.head), this.body);
    table.addEventListener("paste", (event) => this.paste(event));
    const add = button("addRow", () => {
      kept.rows.push(kept.columns.map(() => ""));
      this.draw();
      change();
      this.body.querySelector("tr:last-child textarea")?.focus();
    }, { id: "examples-add" });
    this.element = h("div", { class: "shots-box" }, h("div", { class: "wide-table", tabindex: 0, role: "group", label: "examplesTable" }, table), row(add));
    this.draw();
  }

  draw() {
    const { columns, rows } = this.kept;
    this.head.replaceChildren(h("td", {}), ...columns.map((name) => h("th", { scope: "col" }, name)), h("td", {}));
    this.body.replaceChildren(...rows.map((cells, at) => this.row(cells, at)));
  }

  row(cells, at) {
    const cell = (text, column) => {
      const area = h("textarea", { rows: 1, label: "cellOf", values: { n: at + 1, name: this.kept.columns[column] }, "data-row": at, "data-column": column });
      area.value = text;
      area.addEventListener("input", () => {
        cells[column] = area.value;
        this.change();
      });
      return h("td", {}, area);
    };
    const remove = () => {
      this.kept.rows.splice(at, 1);
      this.draw();
      this.change();
      document.getElementById("examples-add").focus();
    };
    const out = h("button", { type: "button", class: "quiet", label: "removeRow", labelValues: { n: at + 1 }, on: { click: remove } }, "×");
    return h("tr", {}, h("th", { scope: "row" }, String(at + 1)), ...this.kept.columns.map((_, column) => cell(cells[column] ?? "", column)), h("td", {}, out));
  }

  // Rows of a sheet fill the table from the cell on; the first row with too many cells is named.
  paste(event) {
    const text = event.clipboardData.getData("text/plain");
    const { row: at, column } = event.target.dataset ?? {};
    if (!isTable(text) || at === undefined) return;
    event.preventDefault();
    const { columns, rows } = this.kept;
    const pasted = cellsOf(text);
    const uneven = pasted.findIndex((cells) => cells.length + Number(column) > columns.length);
    pasted.forEach((cells, place) => {
      const target = (rows[Number(at) + place] ??= columns.map(() => ""));
      cells.slice(0, columns.length - Number(column)).forEach((cell, next) => (target[Number(column) + next] = cell.trim()));
    });
    rows.length = Math.min(rows.length, MOST_ROWS);
    this.draw();
    this.change();
    if (uneven < 0) this.notices.show("pasted", { n: pasted.length });
    else this.notices.show("pastedWide", { n: pasted.length, line: uneven + 1, cells: pasted[uneven].length, most: columns.length });
  }
}
