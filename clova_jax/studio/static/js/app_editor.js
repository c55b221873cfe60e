// Edits an app: what is changed becomes a new version; beside the form the app can be tried.
import * as asked from "./asked.js";
import { AppTry } from "./app_try.js";
import { same, unknownPlaces } from "./app_content.js";
import { aboutPart, filtersPart, parametersPart, sessionPart } from "./app_parts.js";
import { h } from "./dom.js";
import { examplesPart } from "./examples_part.js";
import { knowledgePart } from "./knowledge_part.js";
import { TemplateField } from "./template_field.js";
import { variablesPart } from "./variables_part.js";
import { wordsOf } from "./errors.js";
import { Field, button, row, textInput } from "./fields.js";
import { apiOf, versionOf } from "./names.js";
import { say, unsay } from "./words.js";

export class AppEditor {
  constructor(place, { api, notices, go, drafts, app, version, newest, late, again, settle }) {
    Object.assign(this, { place, api, notices, go, drafts, app, version, newest, late, again, settle });
    this.saved = version.content;
    const draft = drafts.get(this.draft);
    this.content = structuredClone(draft?.content ?? version.content);
    this.after = draft?.after ?? newest;
    this.drafted = draft !== null;
    this.ready = this.draw();
  }

  // Where what is not saved is kept: an older version has a draft of its own.
  get draft() {
    return this.older ? versionOf(this.app.name, this.version.number) : this.app.name;
  }

  get older() {
    return this.version.number !== this.newest;
  }

  get changed() {
    return this.after !== this.newest || !same(this.content, this.saved);
  }

  async draw() {
    const { content } = this;
    const change = () => this.change();
    this.template = new TemplateField(content, change);
    this.note = new Field(textInput({ maxlength: 200, placeholder: "notePlaceholder" }), { word: "note" });
    this.state = h("p", { class: "hint", id: "save-state", role: "status" });
    this.fault = h("div", { class: "fault", id: "save-fault", "aria-live": "polite" });
    this.saver = h("button", { type: "submit", class: "main", id: "save-version", word: "saveVersion" });
    this.discard = button("discard", () => this.undo(), { class: "quiet", id: "discard" });
    const collections = await this.collections();
    if (this.late()) return;
    this.parts = [
      aboutPart(content, change), variablesPart(content, change), knowledgePart(content, change, collections), examplesPart(content, change, this.notices),
      sessionPart(content, change), parametersPart(content, change), filtersPart(content, change),
    ];
    const save = h("div", { class: "save" }, this.note.element, row(this.saver, this.discard, this.state), this.fault);
    const form = h("form", { class: "app-form", novalidate: true }, this.template.element, ...this.parts.map((part) => part.element), save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault(); // Enter in a field saves nothing
    });
    const before = asked.take(this.app.name, this.version.number);
    this.try = new AppTry({ api: this.api, notices: this.notices, app: this.app, before, content: () => this.content, version: () => this.saveIfChanged() });
    this.place.replaceChildren(h("div", { class: "editor-grid" }, form, this.try.element));
    this.place.addEventListener("keydown", (event) => this.key(event));
    this.change();
  }

  async collections() {
    try {
      return (await this.api.get("/v1/collections")).data;
    } catch {
      return []; // the form says that there are none; its own errors are told when it is saved
    }
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const work = { Enter: () => this.try.run(), s: () => this.save() }[event.key];
    if (!work) return;
    event.preventDefault();
    event.stopPropagation();
    work();
  }

  change() {
    this.template.refresh();
    for (const part of this.parts) part.refresh();
    this.try.refresh();
    const { changed } = this;
    if (changed) this.drafts.set(this.draft, { after: this.after, content: this.content });
    else if (this.drafted) this.drafts.remove(this.draft);
    this.drafted = changed;
    this.saver.disabled = !changed && !this.older;
    this.discard.hidden = !changed;
    say(this.state, changed ? "stateChanged" : this.older ? "stateOlder" : "stateSaved", { n: this.version.number, newest: this.newest });
    this.try.setUnsaved(changed);
  }

  undo() {
    this.drafts.remove(this.draft);
    this.again();
  }

  // Leaves what was changed, for the newest version.
  drop() {
    this.drafts.remove(this.draft);
    this.go("apps", this.app.name);
  }

  // What can be said before the server is asked; the first field that is wrong gets the focus.
  check() {
    const [unknown] = unknownPlaces(this.content);
    if (!this.content.template.trim()) this.template.fail("templateEmpty");
    else if (unknown) this.template.failUnknown(unknown);
    else return this.parts.every((part) => part.check?.() !== false);
    return false;
  }

  // Returns the number of the version that holds what is shown; null where it could not be saved.
  async saveIfChanged() {
    return this.changed ? this.save() : this.version.number;
  }

  async save() {
    if (this.saver.disabled || !this.check()) return null;
    unsay(this.fault);
    this.saver.disabled = true;
    const content = structuredClone(this.content);
    try {
      const { number } = await this.api.post(apiOf(this.app.name, "versions"), { content, note: this.note.value.trim(), after: this.after });
      if (this.drafted) this.drafts.remove(this.draft);
      this.drafted = false;
      this.version = { ...this.version, number, content };
      [this.saved, this.after, this.newest] = [content, number, number];
      if (!this.late()) this.settle();
      this.note.input.value = "";
      this.notices.show("versionSaved", { n: number });
      this.change();
      return number;
    } catch (error) {
      this.change();
      await this.refused(error);
      return null;
    }
  }

  async refused(error) {
    if (error.status === 401) this.notices.fail(error);
    if (error.status === 409) return this.overtaken();
    const part = this.parts.find((one) => one.takes?.(error.message));
    if (part) part.fault(error.message);
    else if (/template/.test(error.message)) this.template.fail("templateWrong", { message: error.message });
    else {
      const words = wordsOf(error);
      if (words) say(this.fault, ...words);
      this.saver.scrollIntoView({ block: "nearest" });
    }
  }

  // Another version was published in the meantime: its maker is named, and both ways on are offered.
  async overtaken() {
    const app = await this.api.get(apiOf(this.app.name));
    const newest = app.versions.reduce((best, one) => (one.number > best.number ? one : best));
    const line = h("p", { word: "overtaken", values: { n: newest.number, author: newest.author || "—" } });
    const over = button("overtakenSave", () => {
      this.after = newest.number;
      this.save();
    });
    this.fault.replaceChildren(line, row(over, button("overtakenDrop", () => this.drop())));
    this.fault.scrollIntoView({ block: "nearest" });
  }
}
