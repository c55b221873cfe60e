// The text: a textarea, and behind it the same text with coloured ranges. Neither ever holds markup.
import { cut, difference, markAt, moved } from "./marks.js";
import { Undo } from "./undo.js";

// From 0 (certain) to 1 (one in a thousand, or less), by the logarithm.
function unlikely(p) {
  return Math.min(1, -Math.log10(Math.max(p, 1e-9)) / 3);
}

export class Editor {
  constructor(area, backdrop) {
    this.area = area;
    this.backdrop = backdrop;
    this.text = "";
    this.marks = [];
    this.heat = null; // marks of the heat map, {start, end, heat}
    this.view = "plain"; // or "probability", "heat"
    this.undoing = new Undo();
    this.frame = 0;
    this.onChange = () => {};
    this.onPick = () => {};
    area.addEventListener("beforeinput", (event) => this.beforeInput(event));
    area.addEventListener("input", () => this.typed());
    area.addEventListener("click", () => this.clicked());
  }

  get caret() {
    return this.area.selectionEnd;
  }

  get busy() {
    return this.area.readOnly;
  }

  set busy(value) {
    this.area.readOnly = value;
    this.area.setAttribute("aria-busy", String(value));
  }

  state() {
    return { text: this.text, marks: this.marks, caret: this.caret };
  }

  // Puts a state in place, without a step to undo.
  show({ text, marks = [], caret = text.length }) {
    this.text = text;
    this.marks = marks;
    this.heat = null;
    this.area.value = text;
    this.area.setSelectionRange(caret, caret);
    this.changed();
  }

  // Puts a state in place as one step.
  replace(state) {
    this.undoing.remember(this.state());
    this.show(state);
  }

  // Inserts behind what is there, as part of the step that began before; returns the place after it.
  insert(at, text) {
    const marks = moved(this.marks, { at, removed: 0, inserted: text.length });
    this.show({ text: this.text.slice(0, at) + text + this.text.slice(at), marks, caret: at + text.length });
    return at + text.length;
  }

  addMarks(marks) {
    const [first, last] = [marks[0]?.start ?? 0, marks.at(-1)?.end ?? 0];
    this.marks = [...this.marks.filter((mark) => mark.end <= first || mark.start >= last), ...marks];
    this.changed();
  }

  undo() {
    this.travel(this.undoing.undo(this.state()));
  }

  redo() {
    this.travel(this.undoing.redo(this.state()));
  }

  travel(state) {
    if (!state || this.busy) return;
    this.show(state);
    this.area.focus();
  }

  setView(view) {
    this.view = view;
    this.draw();
  }

  setHeat(marks) {
    this.heat = marks;
    this.draw();
  }

  // The span behind a mark, for what is shown beside it.
  spanOf(mark) {
    return this.backdrop.querySelector(`[data-start="${mark.start}"]`);
  }

  beforeInput(event) {
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
      event.preventDefault();
      if (event.inputType === "historyUndo") this.undo();
      else this.redo();
      return;
    }
    this.before = this.state();
  }

  typed() {
    this.undoing.remember(this.before ?? this.state(), true);
    const change = difference(this.text, this.area.value, this.caret);
    this.text = this.area.value;
    this.marks = moved(this.marks, change);
    this.heat = null;
    this.changed();
  }

  clicked() {
    if (this.view !== "probability" || this.area.selectionStart !== this.area.selectionEnd) return;
    this.pick();
  }

  pick() {
    const mark = markAt(this.marks, this.caret);
    if (mark?.tops.length) this.onPick(mark);
  }

  changed() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
    this.onChange();
  }

  draw() {
    const marks = this.view === "heat" ? (this.heat ?? []) : this.marks;
    const parts = cut(this.text, marks).map(([text, mark]) => {
      if (!mark) return document.createTextNode(text);
      const span = document.createElement("span");
      span.textContent = text;
      span.dataset.start = mark.start;
      if (mark.made) span.classList.add("made");
      if (this.view === "probability" && mark.p !== null) span.style.setProperty("--unlikely", unlikely(mark.p));
      if (this.view === "heat") span.style.setProperty("--heat", mark.heat);
      return span;
    });
    // A last line that is empty has no height without something in it.
    this.backdrop.replaceChildren(...parts, document.createTextNode("\u200b"));
    this.backdrop.dataset.view = this.view;
  }
}
