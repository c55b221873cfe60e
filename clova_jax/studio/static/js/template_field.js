// The field of a template: its text, the names that can stand in it, and the one that cannot.
import { namesOf, placesOf, unknownPlaces, unusedPlaces } from "./app_content.js";
import { h } from "./dom.js";
import { Field, button, textInput } from "./fields.js";
import { say, unsay } from "./words.js";

export class TemplateField extends Field {
  constructor(content, change) {
    const input = textInput({ rows: 8, value: content.template, id: "template", spellcheck: "false", onInput: (text) => this.typed(text) });
    super(input, { word: "template", hint: "templateHint" });
    Object.assign(this, { content, change });
    this.names = h("div", { class: "names", role: "group", label: "templateNames" });
    this.unused = h("p", { class: "warning", "aria-live": "polite" });
    this.add = h("div", { class: "row" });
    input.before(this.names);
    this.element.append(this.unused, this.add);
    this.element.classList.add("template");
  }

  typed(text) {
    this.content.template = text;
    this.add.replaceChildren();
    this.change();
  }

  insert(name) {
    const { input } = this;
    input.setRangeText(`{${name}}`, input.selectionStart, input.selectionEnd, "end");
    input.focus();
    this.clear();
    this.typed(input.value);
  }

  refresh() {
    const asked = placesOf(this.content.template);
    const names = namesOf(this.content);
    const chip = (name) => h("button", { type: "button", class: "name", "data-used": String(asked.includes(name)), label: "templateInsert", values: { name: `{${name}}` }, on: { click: () => this.insert(name) } }, `{${name}}`);
    const shown = names.map((name) => `${name}${asked.includes(name)}`).join();
    if (shown !== this.shown) this.names.replaceChildren(...names.map(chip));
    this.shown = shown;
    const [unused] = unusedPlaces(this.content);
    if (unused) say(this.unused, "templateUnused", { name: `{${unused}}` });
    else unsay(this.unused);
    const [unknown] = unknownPlaces(this.content);
    if (!unknown && this.add.firstChild) {
      this.add.replaceChildren();
      this.clear();
    }
  }

  // Says which name is unknown, and offers to make a variable of it.
  failUnknown(name) {
    this.fail("templateUnknown", { name: `{${name}}` });
    const make = () => {
      this.content.variables.push({ name, label: "", default: "", long: false });
      this.clear();
      this.add.replaceChildren();
      this.change();
    };
    this.add.replaceChildren(button("templateAdd", make, { values: { name } }));
  }
}
