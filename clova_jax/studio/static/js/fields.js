// Fields of a form: a label, a hint, and under the field what is wrong with it.
import { h } from "./dom.js";
import { say, unsay } from "./words.js";

let made = 0;

export class Field {
  // `word` and `hint` are keys of words; `line` puts a short input beside its label.
  constructor(input, { word, values, hint, line = false }) {
    this.input = input;
    input.id ||= `field-${(made += 1)}`;
    this.fault = h("p", { class: "fault", id: `${input.id}-fault`, "aria-live": "polite" });
    const about = hint ? h("p", { class: "hint", id: `${input.id}-hint`, word: hint }) : null;
    input.setAttribute("aria-describedby", [about?.id, this.fault.id].filter(Boolean).join(" "));
    input.addEventListener("input", () => this.clear());
    const label = h("label", { for: input.id, word, values });
    const top = line ? [h("div", { class: "line" }, label, input)] : [label, input];
    this.element = h("div", { class: "field" }, ...top, about, this.fault);
  }

  get value() {
    return this.input.value;
  }

  fail(key, values = {}) {
    this.input.setAttribute("aria-invalid", "true");
    say(this.fault, key, values);
    for (let part = this.element.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    this.input.focus();
  }

  clear() {
    this.input.removeAttribute("aria-invalid");
    unsay(this.fault);
  }
}

// A text input, or an area where `rows` are given, that hands on what is typed.
export function textInput({ value = "", rows = 0, onInput = () => {}, ...attributes }) {
  const input = rows ? h("textarea", { rows, ...attributes }) : h("input", { type: "text", autocomplete: "off", ...attributes });
  input.value = value;
  input.addEventListener("input", () => onInput(input.value));
  return input;
}

export function numberInput({ value, least, most, onInput = () => {}, ...attributes }) {
  const input = h("input", { type: "number", min: least, max: most, step: 1, inputmode: "numeric", ...attributes });
  input.value = value;
  input.addEventListener("input", () => onInput(input.value === "" ? Number.NaN : Number(input.value)));
  return input;
}

// Choices are [value, text] or [value, {word}].
export function choice({ value, choices, onChange = () => {}, ...attributes }) {
  const option = ([one, text]) => (typeof text === "string" ? h("option", { value: one }, text) : h("option", { value: one, ...text }));
  const select = h("select", attributes, ...choices.map(option));
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

export function check({ word, values, checked, onChange = () => {}, ...attributes }) {
  const input = h("input", { type: "checkbox", ...attributes });
  input.checked = checked;
  input.addEventListener("change", () => onChange(input.checked));
  return h("label", { class: "check" }, input, " ", h("span", { word, values }));
}

export function button(word, click, attributes = {}) {
  return h("button", { type: "button", word, on: { click }, ...attributes });
}

export function row(...children) {
  return h("div", { class: "row" }, ...children);
}
