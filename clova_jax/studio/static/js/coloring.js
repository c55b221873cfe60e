// Switches between the plain text, its probabilities, and the heat map of input gradients.
import { influence, scored } from "./scoring.js";
import { say, word } from "./words.js";

export class Coloring {
  constructor(parts, { api, editor, settings, writer, notices, lacks }) {
    Object.assign(this, { parts, api, editor, settings, writer, notices, lacks });
    this.abort = null;
    parts.probability.addEventListener("click", () => this.toggle("probability"));
    parts.heat.addEventListener("click", () => this.toggle("heat"));
    document.addEventListener("studio-language", () => this.draw());
  }

  async toggle(view) {
    if (this.writer.busy) return;
    this.abort?.abort();
    if (this.editor.view === view) return this.set("plain");
    if (view === "heat" && this.lacks().includes("gradients")) return this.notices.show("heatLacking");
    this.abort = new AbortController();
    try {
      await (view === "heat" ? this.heat(this.abort.signal) : this.score(this.abort.signal));
    } catch (error) {
      this.notices.fail(error);
    }
  }

  async score(signal) {
    const { editor, writer } = this;
    this.set("probability");
    const { text, marks } = editor;
    if (!text) return;
    const run = (writer.run += 1);
    try {
      const found = await scored(this.api, text, this.settings.values.model, marks, run, signal);
      if (editor.text === text) editor.addMarks(found);
    } catch (error) {
      this.set("plain");
      throw error;
    }
  }

  async heat(signal) {
    const { editor } = this;
    const { text } = editor;
    const made = editor.marks.filter((mark) => mark.made);
    const found = text ? await influence(this.api, text, this.settings.values.model, made, signal) : null;
    if (!found) return this.notices.show("heatEmpty");
    if (editor.text !== text) return;
    this.of = made.length ? "heatOfMade" : "heatOfLast";
    this.set("heat");
    editor.setHeat(found);
  }

  // After the text has changed, a heat map is of no text any more.
  changed() {
    if (this.editor.view === "heat" && this.editor.heat === null) this.set("plain");
  }

  set(view) {
    this.editor.setView(view);
    this.draw();
  }

  draw() {
    const { parts, editor } = this;
    for (const view of ["probability", "heat"]) parts[view].setAttribute("aria-pressed", String(editor.view === view));
    parts.legend.hidden = editor.view === "plain";
    parts.legend.dataset.view = editor.view;
    if (editor.view === "plain") return;
    const heat = editor.view === "heat";
    say(parts.text, heat ? "heatHint" : "probabilityHint", heat ? { of: word(this.of) } : {});
    say(parts.low, heat ? "little" : "likely");
    say(parts.high, heat ? "much" : "unlikely");
  }
}
