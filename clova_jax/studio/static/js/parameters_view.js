// The form of the parameters.
import { h } from "./dom.js";
import { NUMBERS, PRESETS, bodyOf, escaped, misfit, presetOf, unescaped } from "./parameters.js";
import { StopList } from "./stop_list.js";
import { say, unsay, word } from "./words.js";

const FIRST_FIELDS = ["temperature", "max_tokens"];

export class ParametersView {
  // `all`: with choices, start and restart text too; `model`: with the choice of a model.
  constructor(place, prefix, values, { all = true, model = true, onChange = () => {} } = {}) {
    this.prefix = prefix;
    this.values = { ...values };
    this.onChange = onChange;
    this.fields = new Map();
    const numbers = NUMBERS.filter((field) => all || field.name !== "n");
    const first = numbers.filter((field) => FIRST_FIELDS.includes(field.name));
    const more = numbers.filter((field) => !FIRST_FIELDS.includes(field.name));
    this.stops = new StopList(this.id("stop"), (stop) => this.set({ stop }));
    this.note = h("p", { class: "hint" });
    place.replaceChildren(
      this.presets(),
      ...(model ? [this.modelField()] : []),
      ...first.map((field) => this.numberField(field)),
      this.stops.element,
      h("details", { class: "more" }, h("summary", { word: "more" }), ...more.map((field) => this.numberField(field)),
        this.seedField(), ...(all ? ["start", "restart"].map((name) => this.textField(name)) : [])),
    );
    this.refresh();
  }

  id(name) {
    return `${this.prefix}-${name}`;
  }

  set(changes) {
    Object.assign(this.values, changes);
    this.refresh();
    this.onChange(this.values);
  }

  body(prompt, logprobs) {
    return bodyOf(this.values, prompt, logprobs);
  }

  check(notices) {
    const wrong = misfit(this.values);
    if (wrong) notices.put("fault", "outOfRange", { ...wrong, name: word(wrong.name) });
    return !wrong;
  }

  setModels(names) {
    const select = this.fields.get("model");
    select.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    if (!names.includes(this.values.model)) this.values.model = names[0] ?? null;
    this.refresh();
  }

  presets() {
    const buttons = Object.keys(PRESETS).map((name) => {
      const key = `preset${name[0].toUpperCase()}${name.slice(1)}`;
      const on = { click: () => this.set(PRESETS[name]) };
      return h("button", { type: "button", "data-preset": name, word: key, on });
    });
    this.presetButtons = buttons;
    this.own = h("p", { class: "hint" });
    return h("div", { class: "field" }, h("div", { class: "segments", role: "group", label: "preset" }, ...buttons), this.own);
  }

  modelField() {
    const select = h("select", { id: this.id("model"), on: { change: () => this.set({ model: select.value }) } });
    this.fields.set("model", select);
    return h("div", { class: "field line" }, h("label", { for: select.id, word: "model" }), select);
  }

  numberField({ name, least, most, step }) {
    const hint = h("p", { class: "hint", id: this.id(`${name}-hint`), word: `${name}Hint` });
    const shared = { min: least, max: most, step };
    const number = h("input", { ...shared, type: "number", id: this.id(name), "aria-describedby": hint.id, inputmode: "decimal" });
    const range = h("input", { ...shared, type: "range", label: name, tabindex: -1, "aria-hidden": "true" });
    const take = (event) => this.set({ [name]: event.target.value === "" ? Number.NaN : Number(event.target.value) });
    number.addEventListener("input", take);
    range.addEventListener("input", take);
    this.fields.set(name, { number, range });
    return h("div", { class: "field" }, h("div", { class: "line" }, h("label", { for: number.id, word: name }), number), range, hint);
  }

  seedField() {
    const hint = h("p", { class: "hint", id: this.id("seed-hint"), word: "seedHint" });
    const input = h("input", { type: "number", id: this.id("seed"), step: 1, placeholder: "seedEmpty", "aria-describedby": hint.id });
    input.addEventListener("input", () => this.set({ seed: input.value === "" ? null : Number(input.value) }));
    this.fields.set("seed", input);
    return h("div", { class: "field" }, h("div", { class: "line" }, h("label", { for: input.id, word: "seed" }), input), hint);
  }

  textField(name) {
    const hint = h("p", { class: "hint", id: this.id(`${name}-hint`), word: `${name}Hint` });
    const input = h("input", { type: "text", id: this.id(name), "aria-describedby": hint.id, spellcheck: "false" });
    input.addEventListener("input", () => this.set({ [name]: unescaped(input.value) }));
    this.fields.set(name, input);
    return h("div", { class: "field" }, h("div", { class: "line" }, h("label", { for: input.id, word: name }), input), hint);
  }

  // Shows the values where they are not being typed.
  refresh() {
    const { values, fields } = this;
    const put = (input, value) => {
      if (input && document.activeElement !== input) input.value = value;
    };
    for (const { name } of NUMBERS) {
      const field = fields.get(name);
      if (!field) continue;
      put(field.number, Number.isNaN(values[name]) ? "" : String(values[name]));
      field.range.value = values[name];
      field.range.style.setProperty("--at", (values[name] - field.range.min) / (field.range.max - field.range.min));
    }
    put(fields.get("seed"), values.seed ?? "");
    put(fields.get("model"), values.model ?? "");
    for (const name of ["start", "restart"]) put(fields.get(name), escaped(values[name]));
    this.stops.show(values.stop);
    const preset = presetOf(values);
    for (const button of this.presetButtons) button.setAttribute("aria-pressed", String(button.dataset.preset === preset));
    if (preset) unsay(this.own);
    else say(this.own, "presetOwn");
  }
}
