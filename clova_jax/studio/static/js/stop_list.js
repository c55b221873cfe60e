// A list of stop strings: typed one at a time, taken out by a click.
import { h, visible } from "./dom.js";
import { unescaped } from "./parameters.js";

const MOST = 16;
const LONGEST = 200;

export class StopList {
  constructor(id, onChange) {
    this.list = [];
    this.onChange = onChange;
    this.chips = h("ul", { class: "chips" });
    const hint = h("p", { class: "hint", id: `${id}-hint`, word: "stopsHint" });
    this.input = h("input", { type: "text", id, maxlength: LONGEST, "aria-describedby": hint.id, spellcheck: "false" });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.add();
    });
    this.input.addEventListener("blur", () => this.add());
    this.element = h("div", { class: "field" }, h("div", { class: "line" }, h("label", { for: id, word: "stops" }), this.input), this.chips, hint);
  }

  add() {
    const text = unescaped(this.input.value);
    if (!text || this.list.includes(text) || this.list.length >= MOST) return;
    this.input.value = "";
    this.onChange([...this.list, text]);
  }

  show(list) {
    if (list.join("\0") === this.list.join("\0")) return;
    this.list = list;
    const chip = (text) => {
      const on = { click: () => this.onChange(this.list.filter((one) => one !== text)) };
      const out = h("button", { type: "button", label: "stopsRemove", labelValues: { text: visible(text) }, on }, "×");
      return h("li", {}, h("code", {}, visible(text)), out);
    };
    this.chips.replaceChildren(...list.map(chip));
  }
}
