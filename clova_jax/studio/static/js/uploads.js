// Uploads files one after another; each says what became of it.
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { button } from "./fields.js";
import { say } from "./words.js";

const LARGEST = 20_000_000; // bytes, the server's own bound
const HIDDEN = /(^|\/)\./; // .DS_Store and the like, which folders bring along

export class Uploads {
  constructor({ api, path, done }) {
    Object.assign(this, { api, path, done, waiting: [], busy: false });
    this.list = h("ul", { class: "uploads", id: "upload-list", "aria-live": "polite" });
    this.element = this.list;
  }

  // `files` are [name, File].
  add(files) {
    for (const [name, file] of files.filter(([one]) => !HIDDEN.test(one))) {
      const state = h("span", { class: "upload-state" });
      const item = h("li", { "data-state": "waiting" }, h("span", { class: "document-name" }, name), state);
      say(state, "uploadWaiting");
      this.list.append(item);
      this.waiting.push({ name, file, state, item });
    }
    this.next();
  }

  async next() {
    const one = this.busy ? null : this.waiting.shift();
    if (!one) return;
    this.busy = true;
    one.item.dataset.state = "busy";
    say(one.state, "uploadBusy");
    try {
      await this.send(one);
    } catch (error) {
      one.item.dataset.state = "fault";
      say(one.state, ...faultOf(error));
      if (!(error.status >= 400 && error.status < 500)) one.item.append(this.retry(one)); // it may go better
    }
    this.busy = false;
    if (!this.waiting.length) await this.done();
    this.next();
  }

  async send({ name, file, state, item }) {
    if (file.size > LARGEST) {
      item.dataset.state = "fault";
      say(state, "uploadLarge");
      return;
    }
    const { passages } = await this.api.post(this.path(name), file);
    item.dataset.state = "done";
    say(state, "uploadDone", { n: passages });
  }

  retry(one) {
    const again = button("again", () => {
      again.remove();
      this.waiting.push(one);
      this.next();
    }, { class: "quiet" });
    return again;
  }
}

function faultOf(error) {
  if (error.status === 413) return ["uploadLarge", {}];
  if (error.status === 400) return ["uploadNoText", { message: error.message }];
  return wordsOf(error);
}

// All files of a drop, those in folders too: [path, File].
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file.name, file]);
  return (await Promise.all(entries.map((entry) => filesOf(entry)))).flat();
}

async function filesOf(entry, before = "") {
  const name = before + entry.name;
  if (entry.isFile) return [[name, await new Promise((resolve, reject) => entry.file(resolve, reject))]];
  const reader = entry.createReader();
  const found = [];
  while (true) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most a hundred at a time
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map((one) => filesOf(one, `${name}/`)))).flat();
}
