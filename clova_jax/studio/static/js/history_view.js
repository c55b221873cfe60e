// The view of the history: find, go back, delete.
import { h } from "./dom.js";
import { MOST } from "./history.js";
import { turns } from "./turns.js";
import { currentLanguage, say, unsay, word } from "./words.js";

const TAIL = 160;

export class HistoryView {
  constructor(parts, { history, restore }) {
    Object.assign(this, { parts, history, restore, begin: turns() });
    say(parts.intro, history.volatile ? "historyVolatile" : "historyIntro", { most: MOST });
    parts.find.addEventListener("input", () => this.draw());
    parts.clear.addEventListener("click", async () => {
      if (!window.confirm(word("historyClearSure"))) return;
      await history.clear();
      await this.draw();
    });
    document.addEventListener("studio-language", () => this.draw());
  }

  async draw() {
    const sought = this.parts.find.value.trim().toLowerCase();
    const late = this.begin();
    const runs = await this.history.list();
    if (late()) return;
    const fits = ({ prompt, text }) => (prompt + text).toLowerCase().includes(sought);
    const found = runs.filter(fits);
    this.parts.list.replaceChildren(...found.map((run) => this.item(run)));
    this.parts.clear.hidden = !runs.length;
    if (found.length) unsay(this.parts.none);
    else say(this.parts.none, runs.length ? "historyNone" : "historyEmpty");
  }

  item(run) {
    const when = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "short" }).format(run.when);
    const before = run.prompt.length > TAIL ? `…${run.prompt.slice(-TAIL)}` : run.prompt;
    const text = h("p", { class: "model-text" }, h("span", { class: "soft" }, before), h("span", { class: "made" }, run.text));
    const about = [run.values.model, `${word("temperature")} ${run.values.temperature}`, `Top P ${run.values.top_p}`].filter(Boolean).join(" · ");
    const back = h("button", { type: "button", word: "historyRestore", on: { click: () => this.restore(run) } });
    const gone = async () => {
      await this.history.remove(run.id);
      await this.draw();
      this.parts.find.focus();
    };
    const out = h("button", { type: "button", class: "quiet", word: "delete", on: { click: gone } });
    const head = h("p", { class: "hint" }, h("time", { datetime: new Date(run.when).toISOString() }, when), ` · ${about}`);
    return h("li", { class: "card" }, head, text, h("div", { class: "row" }, back, out));
  }
}
