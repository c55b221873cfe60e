// Two settings side by side on one prompt.
import { h } from "./dom.js";
import { PRESETS } from "./parameters.js";
import { ParametersView } from "./parameters_view.js";
import { complete } from "./stream.js";
import { word } from "./words.js";

export class CompareView {
  constructor(parts, { api, first, notices, editorText, toEditor, record }) {
    Object.assign(this, { parts, api, notices, toEditor, record, abort: null });
    const starts = { A: { ...first, ...PRESETS.exact }, B: { ...first, ...PRESETS.free } };
    this.sides = Object.entries(starts).map(([name, values]) => this.side(name, values));
    parts.sides.replaceChildren(...this.sides.map((side) => side.element));
    parts.run.addEventListener("click", () => this.run());
    parts.stop.addEventListener("click", () => this.abort?.abort());
    parts.fromEditor.addEventListener("click", () => (parts.prompt.value = editorText()));
  }

  setModels(names) {
    for (const side of this.sides) side.settings.setModels(names);
  }

  side(name, values) {
    const form = h("div", { class: "fields" });
    const text = h("p", { class: "model-text", "aria-live": "polite" });
    const use = h("button", { type: "button", word: "compareUse", disabled: true });
    const title = h("h3", { word: "compareSide", values: { side: name } });
    const summary = h("summary", { word: "compareSettings", values: { side: name } });
    const short = h("p", { class: "hint" });
    const settings = new ParametersView(form, `side-${name}`, { ...values, n: 1, start: "", restart: "" }, {
      all: false,
      onChange: (now) => (short.textContent = shortOf(now)),
    });
    document.addEventListener("studio-language", () => (short.textContent = shortOf(settings.values)));
    short.textContent = shortOf(settings.values);
    const side = { settings, text, use };
    use.addEventListener("click", () => this.toEditor(side.prompt + text.textContent, settings.values));
    side.element = h("section", { class: "card side", "data-side": name }, title, short, text, use, h("details", {}, summary, form));
    return side;
  }

  async run() {
    const prompt = this.parts.prompt.value;
    if (!prompt) {
      this.notices.show("comparePromptEmpty");
      return this.parts.prompt.focus();
    }
    if (!this.sides.every((side) => side.settings.check(this.notices))) return;
    this.notices.clear();
    this.abort = new AbortController();
    this.setBusy(true);
    const ends = await Promise.allSettled(this.sides.map((side) => this.write(side, prompt)));
    for (const end of ends) if (end.status === "rejected") this.notices.fail(end.reason);
    this.abort = null;
    this.setBusy(false);
  }

  setBusy(busy) {
    this.parts.run.disabled = busy;
    this.parts.stop.hidden = !busy;
    for (const { use, text } of this.sides) use.disabled = busy || !text.textContent;
  }

  async write(side, prompt) {
    side.prompt = prompt;
    side.text.textContent = "";
    const written = { text: "", finish: null };
    try {
      for await (const choice of complete(this.api, side.settings.body(prompt, false), this.abort.signal)) {
        side.text.append(choice.text);
        written.text += choice.text;
        written.finish = choice.finish_reason ?? written.finish;
      }
    } finally {
      if (written.text) this.record(prompt, written, side.settings.values);
    }
  }
}

function shortOf({ temperature, top_p, repetition_penalty, seed }) {
  const shown = { temperature, top_p, repetition_penalty, ...(seed === null ? {} : { seed }) };
  return Object.entries(shown)
    .map(([name, value]) => `${word(name)} ${value}`)
    .join(" · ");
}
