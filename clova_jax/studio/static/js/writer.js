// Lets the model write into the editor: at the cursor, again, from an alternative; one text at a time.
import { endOfRun } from "./marks.js";
import { complete } from "./stream.js";
import { joined, marksOf } from "./tokens.js";
import { say, unsay } from "./words.js";

export class Writer {
  constructor({ api, editor, settings, notices, record, choices, ended }) {
    Object.assign(this, { api, editor, settings, notices, record, choices, ended });
    this.abort = null;
    this.run = 0;
    this.last = null; // the state that the last writing began from, and its run
    this.onBusy = () => {};
  }

  get busy() {
    return this.abort !== null;
  }

  stop() {
    this.abort?.abort();
  }

  // Writes from the cursor on.
  async write() {
    if (this.busy) return;
    const { editor, settings } = this;
    if (!settings.check(this.notices)) return;
    const from = editor.state();
    if (!from.text.slice(0, from.caret) && !settings.values.start) {
      this.notices.show("nothingBefore");
      editor.area.focus();
      return;
    }
    editor.undoing.remember(from);
    const at = settings.values.start ? editor.insert(from.caret, settings.values.start) : from.caret;
    await this.writeAt(at, from);
  }

  async regenerate() {
    if (this.busy) return;
    if (!this.last) return this.notices.show("nothingToRegenerate");
    const from = this.last;
    const seeded = this.settings.values.seed !== null;
    this.editor.replace(from);
    if (seeded) this.notices.show("seedSame");
    const { start } = this.settings.values;
    const at = start ? this.editor.insert(from.caret, start) : from.caret;
    await this.writeAt(at, from, seeded);
  }

  // Puts an alternative in place of a mark, drops what was written after it, and writes on.
  async writeFrom(mark, alternative) {
    if (this.busy || alternative.text === null) return;
    const { editor } = this;
    const end = endOfRun(editor.marks, mark);
    const text = editor.text.slice(0, mark.start) + alternative.text + editor.text.slice(end);
    const caret = mark.start + alternative.text.length;
    const marks = editor.marks
      .filter((one) => one.end <= mark.start || one.start >= end)
      .map((one) => (one.start < end ? one : shifted(one, caret - end)));
    const tops = mark.tops.map((one) => ({ ...one, chosen: one === alternative }));
    if (alternative.text) marks.push({ ...mark, end: caret, p: alternative.p, tops, run: (this.run += 1) });
    editor.replace({ text, marks, caret });
    if (!alternative.end) await this.writeAt(caret, editor.state());
  }

  async writeAt(at, from, quiet = false) {
    const { editor, settings, notices } = this;
    if (!quiet) notices.clear();
    this.choices.clear();
    const prompt = editor.text.slice(0, at);
    const body = settings.body(prompt, editor.view === "probability");
    this.last = from;
    this.abort = new AbortController();
    this.begin();
    const written = { text: "", finish: null };
    try {
      if (settings.values.n > 1) await this.choices.fill(body, this.abort.signal, (text) => this.take(at, text));
      else await this.follow(body, at, written);
      this.finished(written.finish);
    } catch (error) {
      if (error.name === "AbortError") say(this.ended, "stopped");
      else {
        unsay(this.ended);
        notices.fail(error);
      }
    } finally {
      this.abort = null;
      this.end(at, written, prompt);
    }
  }

  async follow(body, at, written) {
    const { editor } = this;
    const run = (this.run += 1);
    let [place, logprobs] = [at, null];
    for await (const choice of complete(this.api, body, this.abort.signal)) {
      if (choice.text) place = editor.insert(place, choice.text);
      written.text += choice.text;
      written.finish = choice.finish_reason ?? written.finish;
      if (choice.logprobs) logprobs = joined(logprobs, choice.logprobs);
      const whole = { start: at, end: place, run, made: true, p: null, tops: [] };
      if (place > at) editor.addMarks(logprobs ? marksOf(logprobs, written.text, at, run, true) : [whole]);
    }
  }

  begin() {
    this.editor.busy = true;
    say(this.ended, "working");
    this.onBusy(true);
  }

  end(at, written, prompt) {
    const { editor, settings } = this;
    editor.busy = false;
    if (written.text) {
      this.record(prompt, written);
      const { restart } = settings.values;
      if (restart && written.finish && written.finish !== "content_filter") {
        editor.insert(at + written.text.length, restart);
      }
    }
    this.onBusy(false);
    editor.area.focus();
  }

  // Puts one of several choices into the text.
  take(place, text) {
    const { editor } = this;
    const at = Math.min(place, editor.text.length);
    editor.undoing.remember(editor.state());
    const end = editor.insert(at, text);
    editor.addMarks([{ start: at, end, run: (this.run += 1), made: true, p: null, tops: [] }]);
    this.record(editor.text.slice(0, at), { text, finish: "stop" });
    editor.area.focus();
  }

  finished(finish) {
    const key = { stop: "endedStop", length: "endedLength", content_filter: "endedFilter" }[finish];
    if (!key) unsay(this.ended);
    if (key === "endedFilter") this.notices.put("fault", key, {});
    else if (key) say(this.ended, key);
  }
}

function shifted(mark, by) {
  return { ...mark, start: mark.start + by, end: mark.end + by };
}
