// The room of the usage: a period of it in figures and plots, what it is made of, and the requests themselves.
import { h } from "./dom.js";
import { Field, button, choice, row } from "./fields.js";
import { Plot } from "./plots.js";
import { RequestList } from "./request_list.js";
import { download, failure, timeOf } from "./room_parts.js";
import { turns } from "./turns.js";
import { DAY, bucketsOf, columnsOf, count, offsetOf, secondsAt, secondsOf, tableOf, tilesOf } from "./usage_figures.js";
import { say, word } from "./words.js";

const PERIODS = { usageDay: 1, usageWeek: 7, usageMonth: 30, usageQuarter: 90 }; // days
const BY = { app: "usageByApp", version: "usageByVersion", key: "usageByKey" };
const FINISHED = [
  { word: "finishEnd", kind: "fill-1", finishes: ["end"] },
  { word: "finishStop", kind: "fill-2", finishes: ["stop"] },
  { word: "finishLength", kind: "fill-3", finishes: ["length"] },
  { word: "finishFilter", kind: "fill-4", finishes: ["content_filter"] },
  { word: "finishError", kind: "fill-5", finishes: ["error"] },
  { word: "finishLeft", kind: "fill-6", finishes: ["left"] },
];
const TIMED = [{ word: "usageMedian", kind: "line-1", line: true }, { word: "usageTail", kind: "line-2", line: true }];

export class UsageRoom {
  constructor(place, { api, notices, reopen }) {
    Object.assign(this, { place, api, notices, begin: turns(place), beginBy: turns() });
    this.period = choice({ value: "usageWeek", id: "usage-period", choices: Object.keys(PERIODS).map((key) => [key, { word: key }]), onChange: () => this.show() });
    this.app = h("select", { id: "usage-app", on: { change: () => this.show() } }, h("option", { value: "", word: "usageEveryApp" }));
    this.by = choice({ value: "app", id: "usage-by", label: "usageBy", choices: Object.entries(BY).map(([name, key]) => [name, { word: key }]), onChange: () => this.drawBy().catch((error) => this.notices.fail(error)) });
    this.plots = {
      finished: new Plot({ title: "usageRequests", series: FINISHED, shown: count, whole: true }),
      tokens: new Plot({ title: "usageTokens", series: [{ word: "usageInput", kind: "fill-2" }, { word: "usageOutput", kind: "fill-1" }], shown: count, whole: true }),
      first: new Plot({ title: "usageFirst", series: TIMED, shown: secondsOf, axis: secondsAt }),
      seconds: new Plot({ title: "usageComplete", series: TIMED, shown: secondsOf, axis: secondsAt }),
    };
    this.list = new RequestList({ api, notices, reopen, app: () => this.app.value });
    document.addEventListener("studio-language", () => {
      this.list.drawn = null;
      if (!place.hidden) this.show();
    });
  }

  frame() {
    if (this.body?.isConnected) return;
    this.tiles = h("dl", { class: "tiles", id: "usage-tiles" });
    this.covers = h("p", { class: "hint", id: "usage-covers" });
    this.none = h("p", { class: "intro", id: "usage-none", word: "usageNone", hidden: true });
    this.table = h("div", {});
    this.groups = h("div", { id: "usage-groups" });
    this.drawn = h("div", { class: "usage-figures" }, this.tiles, h("div", { class: "plots" }, ...Object.values(this.plots).map((plot) => plot.element)),
      h("details", { class: "as-table" }, h("summary", { word: "usageAsTable" }), this.table),
      h("section", {}, row(h("h3", { word: "usageBy" }), this.by), this.groups));
    const tools = h("div", { class: "row usage-tools" }, new Field(this.period, { word: "usagePeriod", line: true }).element, new Field(this.app, { word: "usageApp", line: true }).element,
      button("usageReload", () => this.show(), { id: "usage-reload" }), button("usageCsv", () => this.csv(), { id: "usage-csv" }));
    this.body = h("div", {}, h("h2", { word: "usageTitle" }), h("p", { class: "intro", word: "usageIntro" }), tools, this.covers, this.none, this.drawn, this.list.element);
    this.place.replaceChildren(this.body);
  }

  // The query of the chosen period and app.
  query(more = {}) {
    const until = new Date();
    const days = PERIODS[this.period.value];
    const since = new Date(until.getTime() - days * DAY);
    const values = { from: since.toISOString(), to: until.toISOString(), offset: offsetOf(until), ...(this.app.value ? { app: this.app.value } : {}), ...more };
    return { since, until, hourly: days === 1, path: `/v1/usage?${new URLSearchParams(values)}` };
  }

  async show() {
    const late = this.begin();
    try {
      const apps = await this.api.get("/v1/apps");
      if (late()) return;
      this.fillApps(apps.data.map((one) => one.name));
      const { since, until, hourly, path } = this.query();
      const by = hourly ? "hour" : "day";
      const [whole, times] = await Promise.all([this.api.get(path), this.api.get(`${path}&by=${by}`)]);
      if (late()) return;
      this.frame();
      const [total] = whole.data;
      const [from, to] = [whole.from, whole.to].map((time) => timeOf(time).textContent);
      say(this.covers, "usageCovers", { since: from, until: to, days: whole.kept_days });
      this.none.hidden = Boolean(total);
      this.drawn.hidden = !total;
      await Promise.all([total ? this.draw(total, times.data, bucketsOf(since, until, hourly)) : null, this.list.first()]);
    } catch (error) {
      if (late()) return;
      failure(this.place, error, { again: () => this.show() });
      if (error.status === 401) this.notices.fail(error);
    }
  }

  fillApps(names) {
    const chosen = this.app.value;
    this.app.replaceChildren(this.app.firstElementChild, ...names.map((name) => h("option", { value: name }, name)));
    this.app.value = names.includes(chosen) ? chosen : "";
  }

  async draw(total, rows, buckets) {
    this.tiles.replaceChildren(...tilesOf(total));
    const found = new Map(rows.map((one) => [one.group, one]));
    const list = (value) => buckets.map(({ group }) => (found.has(group) ? value(found.get(group)) : null));
    const ended = ({ finishes }) => list((one) => finishes.reduce((sum, finish) => sum + (one.finished[finish] ?? 0), 0));
    this.plots.finished.draw(buckets, FINISHED.map(ended));
    this.plots.tokens.draw(buckets, [list((one) => one.prompt_tokens), list((one) => one.completion_tokens)]);
    this.plots.first.draw(buckets, [list((one) => one.first_p50), list((one) => one.first_p99)]);
    this.plots.seconds.draw(buckets, [list((one) => one.seconds_p50), list((one) => one.seconds_p99)]);
    const names = new Map(buckets.map(({ group, name }) => [group, name]));
    this.table.replaceChildren(tableOf("usage-times", columnsOf("usageTime", (one) => names.get(one.group) ?? one.group), rows, "usageAsTable"));
    await this.drawBy();
  }

  async drawBy() {
    const late = this.beginBy();
    const by = this.by.value;
    const { data } = await this.api.get(`${this.query().path}&by=${by}`);
    if (late()) return;
    const nameless = by === "key" ? "usageNoKey" : "usageNoApp";
    const rows = data.sort((one, other) => other.requests - one.requests);
    this.groups.replaceChildren(tableOf("usage-by-table", columnsOf("usageGroup", (one) => one.group || word(nameless)), rows, "usageBy"));
  }

  async csv() {
    try {
      const answer = await this.api.open(`${this.query({ by: this.query().hourly ? "hour" : "day" }).path}&format=csv`);
      download(await answer.blob(), "usage.csv");
    } catch (error) {
      this.notices.fail(error);
    }
  }
}
