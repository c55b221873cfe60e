// One app: its head, and the views to edit, to look back, to deploy, to score.
import { AppDeploy } from "./app_deploy.js";
import { AppEditor } from "./app_editor.js";
import { AppScore } from "./app_score.js";
import { AppVersions } from "./app_versions.js";
import { textIn } from "./app_content.js";
import { h } from "./dom.js";
import { apiOf } from "./names.js";
import { badgesOf } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { currentLanguage } from "./words.js";

const VIEWS = { edit: "viewEdit", versions: "viewVersions", deploy: "viewDeploy", score: "viewScore" };

export class AppPage {
  // `late` says whether the room shows something else by now, `again` reads the app anew, `settle` says that the newest version is shown.
  constructor(place, { api, notices, go, drafts, late, again, settle }) {
    Object.assign(this, { place, api, notices, go, drafts, late, again, settle });
  }

  // `number` names the version to edit; the newest without it.
  async show(name, view, number) {
    const { api, notices, go, drafts, late, again, settle } = this;
    const app = await api.get(apiOf(name));
    if (late()) return;
    const newest = Math.max(...app.versions.map((one) => one.number));
    const version = await api.get(apiOf(name, "versions", number ?? newest));
    if (late()) return;
    Object.assign(this, { app, version, view: view in VIEWS ? view : "edit" });
    const body = h("div", { class: "app-view", id: `app-${this.view}` });
    this.place.replaceChildren(this.head(), body);
    const shared = { api, notices, go, drafts, app, version, newest, late, again, settle };
    const kinds = { edit: AppEditor, versions: AppVersions, deploy: AppDeploy, score: AppScore };
    this.shown = new kinds[this.view](body, shared);
    await this.shown.ready;
  }

  head() {
    const { app, version, view } = this;
    const title = textIn(version.content.title, currentLanguage()) || app.name;
    const link = ([name, key]) => h("a", { href: addressOf("apps", app.name, name), word: key, "aria-current": name === view ? "page" : null });
    return h("div", { class: "app-head" },
      h("p", { class: "way" }, h("a", { href: addressOf("apps"), word: "appsBack" })),
      h("div", { class: "app-title" }, h("h2", {}, title), h("code", {}, app.name), h("p", { class: "badges" }, ...badgesOf(app))),
      h("nav", { class: "views", label: "appViews" }, ...Object.entries(VIEWS).map(link)));
  }
}
