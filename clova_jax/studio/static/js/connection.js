// Finds out what the server serves, and waits while it loads.
import { ApiError } from "./api.js";
import { turns } from "./turns.js";
import { say, unsay } from "./words.js";

const WAIT = 2000; // milliseconds

export class Connection {
  constructor({ api, status, model, text, notices, onModels }) {
    Object.assign(this, { api, status, model, text, notices, onModels, begin: turns() });
    this.lacks = [];
    this.timer = 0;
  }

  async find() {
    clearTimeout(this.timer);
    const late = this.begin();
    try {
      const { data } = await this.api.get("/v1/models");
      if (late()) return;
      this.lacks = data[0].lacks ?? [];
      this.show("ready", "ready", data[0].id);
      this.onModels(data.map((one) => one.id), data[0].chat);
    } catch (error) {
      if (late()) return; // another key may be in use
      if (error instanceof ApiError && error.status === 401) {
        this.show("waiting", "key");
        this.notices.fail(error);
        return;
      }
      this.show("waiting", error instanceof ApiError && error.code === "loading" ? "loading" : "unreachable");
      this.timer = setTimeout(() => this.find(), WAIT);
    }
  }

  show(state, key, model = "") {
    this.status.dataset.state = state;
    this.model.textContent = model;
    if (state === "ready") unsay(this.text);
    else say(this.text, key);
  }
}
