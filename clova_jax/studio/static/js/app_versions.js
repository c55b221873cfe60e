// The versions of an app: what each changed, and the labels that are on them.
import { diffContents } from "./diff.js";
import { h } from "./dom.js";
import { button, row } from "./fields.js";
import { apiOf } from "./names.js";
import { timeOf } from "./room_parts.js";
import { say } from "./words.js";

const LABELS = { test: "labelTest", service: "labelService" };
const BADGES = { test: "badgeTestHere", service: "badgeServiceHere" };

export class AppVersions {
  constructor(place, { api, notices, go, app, again }) {
    Object.assign(this, { api, notices, go, app, again });
    const versions = [...app.versions].sort((one, other) => other.number - one.number);
    const log = h("details", { class: "log" }, h("summary", { word: "labelLog", values: { n: app.log.length } }), ...this.logged());
    place.append(h("p", { class: "intro", word: "versionsIntro" }), h("ul", { class: "runs", id: "version-list" }, ...versions.map((one) => this.item(one))), log);
  }

  item({ number, note, author, created }) {
    const { labels } = this.app;
    const on = Object.keys(LABELS).filter((label) => labels[label] === number);
    const badges = on.map((label) => h("span", { class: `badge ${label === "service" ? "on" : ""}`, word: BADGES[label] }));
    const head = h("div", { class: "version-head" }, h("h3", { word: "versionOf", values: { n: number } }), ...badges);
    const about = h("p", { class: "hint" }, timeOf(created), author ? ` · ${author}` : null);
    const diff = h("div", { class: "diff", hidden: true });
    const tools = [
      ...Object.entries(LABELS).filter(([label]) => labels[label] !== number).map(([label, key]) => this.mover(label, key, number)),
      button("versionEdit", () => this.go("apps", this.app.name, "edit", String(number)), { class: "quiet" }),
      number > 1 ? button("versionDiff", (event) => this.toggle(event.currentTarget, diff, number), { class: "quiet", "aria-expanded": "false" }) : null,
    ];
    return h("li", { class: "card version", "data-version": number }, head, about, note ? h("p", {}, note) : null, row(...tools), diff);
  }

  mover(label, key, number) {
    const was = this.app.labels[label];
    const back = was !== null && number < was;
    return button(back ? (label === "service" ? "rollService" : "rollTest") : key, async () => {
      try {
        await this.api.put(apiOf(this.app.name, "labels", label), { version: number, was });
        await this.again();
        this.notices.show(label === "service" ? "movedService" : "movedTest", { n: number });
      } catch (error) {
        if (error.status !== 409) return this.notices.fail(error);
        await this.again();
        this.notices.put("fault", "labelMoved", {});
      }
    }, { "data-label": label });
  }

  async toggle(opener, place, number) {
    place.hidden = !place.hidden;
    opener.setAttribute("aria-expanded", String(!place.hidden));
    if (place.hidden || place.firstChild) return;
    try {
      const [before, after] = await Promise.all([number - 1, number].map((one) => this.api.get(apiOf(this.app.name, "versions", one))));
      const parts = diffContents(before.content, after.content);
      const line = ([kind, text]) => h(kind === "in" ? "ins" : kind === "out" ? "del" : "span", { class: "diff-line" }, text || " ");
      const shown = parts.flatMap(([name, lines]) => [h("h4", { word: `part_${name}` }), h("pre", { tabindex: 0 }, ...lines.map(line))]);
      place.replaceChildren(...(shown.length ? shown : [say(h("p", { class: "hint" }), "diffNone")]));
    } catch (error) {
      place.hidden = true;
      this.notices.fail(error);
    }
  }

  logged() {
    if (!this.app.log.length) return [h("p", { class: "hint", word: "labelLogEmpty" })];
    const line = ({ label, version, by, when }) => h("li", {}, h("span", { word: version === null ? "logOff" : "logOn", values: { label, n: version } }), h("span", { class: "hint" }, " ", timeOf(when), by ? ` · ${by}` : ""));
    return [h("ul", { class: "log-list" }, ...this.app.log.map(line))];
  }
}
