// The variables of an app: what its form asks beside the text.
import { OWN } from "./app_content.js";
import { part } from "./app_parts.js";
import { h } from "./dom.js";
import { Field, button, check, textInput } from "./fields.js";

const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

export function variablesPart(content, change) {
  const list = h("div", { class: "variable-list" });
  let names = [];
  const draw = () => {
    names = content.variables.map((variable, at) => new VariableForm(variable, at, { change, remove: () => remove(at) }));
    list.replaceChildren(...names.map((one) => one.element));
  };
  const remove = (at) => {
    content.variables.splice(at, 1);
    draw();
    change();
    add.focus();
  };
  const add = button("variableAdd", () => {
    content.variables.push({ name: "", label: "", default: "", long: false });
    draw();
    change();
    names.at(-1).name.input.focus();
  }, { id: "variable-add" });
  const short = () => (content.variables.length ? ["variablesShort", { names: content.variables.map((one) => one.name || "…").join(", ") }] : ["none", {}]);
  const made = part("variables", "partVariables", short, h("p", { class: "hint", word: "partVariablesHint" }), list, h("div", { class: "row" }, add));
  draw();
  const refresh = () => {
    if (names.length !== content.variables.length) draw(); // one was made elsewhere
    made.refresh();
  };
  return { ...made, refresh, check: () => names.every((one) => one.check(content.variables)) };
}

class VariableForm {
  constructor(variable, at, { change, remove }) {
    this.variable = variable;
    const set = (name) => (value) => {
      variable[name] = value;
      change();
    };
    const input = (name, rows = 0) => textInput({ value: variable[name] ?? "", rows, id: `variable-${name}-${at}`, onInput: set(name) });
    this.name = new Field(input("name"), { word: "variableName" });
    const label = new Field(input("label"), { word: "variableLabel" });
    const usual = new Field(input("default", 1), { word: "variableDefault" });
    const long = check({ word: "variableLong", checked: variable.long === true, onChange: set("long") });
    const out = h("button", { type: "button", class: "quiet", label: "variableRemove", values: { n: at + 1 }, on: { click: remove } }, "×");
    this.element = h("fieldset", { class: "variable" }, h("legend", { word: "variableOf", values: { n: at + 1 } }),
      h("div", { class: "pair" }, this.name.element, label.element), usual.element, h("div", { class: "row" }, long, h("span", { class: "space" }), out));
  }

  check(all) {
    const { name } = this.variable;
    const fault = !NAME.test(name) ? "variableNameWrong" : OWN.includes(name) ? "variableNameOwn" : all.filter((one) => one.name === name).length > 1 ? "variableNameTwice" : null;
    if (fault) this.name.fail(fault, { name });
    return !fault;
  }
}
