// Puts the page together.
import { Alternatives } from "./alternatives.js";
import { Api } from "./api.js";
import { AppsRoom } from "./apps_room.js";
import * as asked from "./asked.js";
import { ChatRoom } from "./chat_room.js";
import { ChoicesView } from "./choices_view.js";
import { Coloring } from "./coloring.js";
import { CompareView } from "./compare_view.js";
import { Connection } from "./connection.js";
import { closers, codeDialog, keyDialog } from "./dialogs.js";
import { byId, h, later } from "./dom.js";
import { Editor } from "./editor.js";
import { ExamplesView } from "./examples_view.js";
import { History } from "./history.js";
import { HistoryView } from "./history_view.js";
import { Notices } from "./notices.js";
import { KnowledgeRoom } from "./knowledge_room.js";
import { known } from "./parameters.js";
import { ParametersView } from "./parameters_view.js";
import { Rooms } from "./rooms.js";
import { SharedRoom } from "./shared_room.js";
import { RulesRoom } from "./rules_room.js";
import { SAMPLES } from "./samples.js";
import { COMMAND, list, listen } from "./shortcuts.js";
import { draftsOf, readJson, storageOf } from "./storage.js";
import { Tabs } from "./tabs.js";
import { themeSwitch } from "./theme.js";
import { turns } from "./turns.js";
import { UsageRoom } from "./usage_room.js";
import { currentLanguage, firstLanguage, say, setLanguage, unsay } from "./words.js";
import { Writer } from "./writer.js";

const DRAFT = "studio.draft";
const SETTINGS = "studio.settings";

function parts(names) {
  return Object.fromEntries(Object.entries(names).map(([name, id]) => [name, byId(id)]));
}

async function begin() {
  const storage = storageOf(() => window.localStorage);
  const api = new Api(storageOf(() => window.sessionStorage));
  setLanguage(firstLanguage(storage, navigator), storage);
  themeSwitch(byId("theme"), storage);
  const notices = new Notices(byId("notice"), byId("notice-text"), byId("notice-close"));
  const tabs = new Tabs(byId("tabs"), byId("frame"));
  const history = await new History().open();
  const keep = (values) => storage.set(SETTINGS, JSON.stringify(values));
  const first = known(readJson(storage, SETTINGS, {}));
  const settings = new ParametersView(byId("settings"), "setting", first, { onChange: keep });
  const record = (prompt, { text, finish }, values = settings.values) =>
    history.add({ when: Date.now(), prompt, text, finish, values: { ...values } });

  const editor = new Editor(byId("text"), byId("backdrop"));
  const choices = new ChoicesView(byId("choices"), byId("choices-title"), byId("choices-list"), api);
  const writer = new Writer({ api, editor, settings, notices, record, choices, ended: byId("ended") });
  const alternatives = new Alternatives(byId("alternatives"), editor, (mark, one) => writer.writeFrom(mark, one));
  const connection = connect(api, notices, (names, chats) => {
    settings.setModels(names);
    compare.setModels(names);
    rooms.offer("chat", chats);
    chat.able = chats;
    count();
  });
  const coloring = new Coloring(
    parts({ probability: "probability", heat: "heat", legend: "legend", text: "legend-text", low: "scale-low", high: "scale-high" }),
    { api, editor, settings, writer, notices, lacks: () => connection.lacks },
  );
  const toEditor = (text, values = {}) => {
    editor.replace({ text });
    settings.set(known({ ...settings.values, ...values }));
    tabs.show("write");
    editor.area.focus();
  };
  const shots = parts({
    instruction: "instruction", inputName: "input-name", outputName: "output-name", rows: "rows", addRow: "add-row",
    clear: "clear-rows", query: "query", oneLine: "one-line", run: "run-examples", toEditor: "examples-to-editor",
    tokens: "examples-tokens", meter: "examples-meter", answer: "answer", answerBox: "answer-box", preview: "preview",
  });
  const examples = new ExamplesView(shots, { api, settings, notices, storage, record, toEditor: (text, stop) => toEditor(text, { stop }) });
  const sides = parts({ prompt: "compare-prompt", run: "compare-run", stop: "compare-stop", fromEditor: "compare-from-editor", sides: "sides" });
  const compare = new CompareView(sides, { api, first, notices, record, toEditor, editorText: () => editor.text.slice(0, editor.caret) });
  const restore = (run) => {
    toEditor(run.prompt + run.text, run.values);
    const made = { start: run.prompt.length, end: editor.text.length, run: (writer.run += 1), made: true, p: null, tops: [] };
    editor.addMarks([made]);
    notices.show("historyRestored");
  };
  const runs = parts({ intro: "history-intro", find: "history-find", clear: "history-clear", none: "history-none", list: "history-list" });
  const past = new HistoryView(runs, { history, restore });

  const count = later(counter(api, editor), 250);
  editor.onChange = () => {
    storage.set(DRAFT, editor.text);
    byId("samples").hidden = editor.text !== "";
    alternatives.close();
    coloring.changed();
    if (!editor.busy) count();
  };
  editor.onPick = (mark) => alternatives.show(mark);
  writer.onBusy = (busy) => {
    byId("write").hidden = busy;
    byId("stop").hidden = !busy;
    for (const id of ["regenerate", "undo", "redo", "probability", "heat", "new-text"]) byId(id).disabled = busy;
    if (!busy) count();
  };
  tabs.onShow = (name) => {
    if (name === "history") past.draw();
    if (name === "examples") examples.count();
  };

  closers(editor.area);
  list(byId("shortcut-list"));
  const openKey = keyDialog(api, (word) => {
    notices.show(word);
    connection.find();
    rooms.follow(); // what the room shows is the key's
  });
  notices.onKeyNeeded = openKey;
  const openCode = codeDialog(() => {
    const prompt = editor.text.slice(0, editor.caret) + settings.values.start;
    return { body: settings.body(prompt, editor.view === "probability"), model: settings.values.model, keyed: api.key !== "" };
  }, notices);
  const openShortcuts = () => byId("shortcuts-dialog").showModal();
  const newText = () => {
    choices.clear();
    editor.replace({ text: "" });
    editor.area.focus();
  };
  const clicks = {
    "open-key": openKey, "open-code": openCode, "open-shortcuts": openShortcuts, "new-text": newText,
    write: () => writer.write(), stop: () => writer.stop(), regenerate: () => writer.regenerate(),
    undo: () => editor.undo(), redo: () => editor.redo(),
    language: () => setLanguage(currentLanguage() === "ko" ? "en" : "ko", storage, true),
  };
  for (const [id, work] of Object.entries(clicks)) byId(id).addEventListener("click", () => work());
  byId("write-key").textContent = `${COMMAND} ↵`;
  drawSamples(toEditor);
  document.addEventListener("studio-language", () => drawSamples(toEditor));

  const go = (...path) => rooms.go(...path);
  const reopen = (request) => {
    if (request.app) {
      asked.put(request);
      return go("apps", request.app, "edit", String(request.version));
    }
    const model = request.model.startsWith("prompt:") ? request.model : null;
    toEditor(request.prompt + (request.text ?? ""), { ...request.parameters, model, n: 1, start: "", restart: "" });
    go();
    notices.show("requestReopened");
  };
  const chat = new ChatRoom(byId("room-chat"), { api, notices, settings });
  const rooms = new Rooms(byId("rooms"), byId("skip"), {
    playground: { show: () => {}, first: editor.area },
    apps: new AppsRoom(byId("room-apps"), { api, notices, go, drafts: draftsOf(storageOf(() => window.sessionStorage)) }),
    knowledge: new KnowledgeRoom(byId("room-knowledge"), { api, notices, go }),
    usage: new UsageRoom(byId("room-usage"), { api, notices, reopen }),
    rules: new RulesRoom(byId("room-rules"), { api, notices }),
    chat,
    shared: new SharedRoom(byId("room-shared"), { api, go }),
  });
  const inRoom = (work) => (event) => (rooms.current === "playground" ? work(event) : false);
  const inWrite = (work) => inRoom(() => (tabs.current === "write" ? work() : false));
  listen({
    write: inWrite(() => void writer.write()),
    regenerate: inWrite(() => void writer.regenerate()),
    stop: () => (alternatives.open ? alternatives.close() : writer.busy ? writer.stop() : compare.abort ? compare.abort.abort() : false),
    undo: (event) => (event.target === editor.area ? void editor.undo() : false),
    redo: (event) => (event.target === editor.area ? void editor.redo() : false),
    alternatives: inWrite(() => {
      editor.pick();
      alternatives.focus();
    }),
    probability: inWrite(() => void coloring.toggle("probability")),
    heat: inWrite(() => void coloring.toggle("heat")),
    code: inWrite(openCode),
    tab: inRoom((event) => tabs.at(Number(event.code.slice(-1)))),
    room: (event) => rooms.at(Number(event.code.slice(-1))),
    help: openShortcuts,
  });
  editor.show({ text: storage.get(DRAFT) ?? "" });
  rooms.follow();
  connection.find();
}

function connect(api, notices, onModels) {
  const places = { status: byId("status"), model: byId("status-model"), text: byId("status-text") };
  return new Connection({ api, notices, onModels, ...places });
}

// Returns what counts the editor's tokens and shows them.
function counter(api, editor) {
  const [place, meter] = [byId("tokens"), byId("meter")];
  const begin = turns();
  return async () => {
    const late = begin();
    try {
      const { count, most } = await api.countTokens(editor.text);
      if (late()) return;
      say(place, "tokensOf", { count: count.toLocaleString(), most: most.toLocaleString() });
      meter.style.setProperty("--share", Math.min(1, count / most));
    } catch {
      if (!late()) unsay(place);
    }
  };
}

function drawSamples(toEditor) {
  const card = (sample) => {
    const on = { click: () => toEditor(sample.text, sample.values) };
    const title = h("span", { class: "sample-title" }, sample[currentLanguage()]);
    return h("li", {}, h("button", { type: "button", class: "sample", on }, title, h("span", { class: "sample-text", lang: "ko" }, sample.text)));
  };
  byId("sample-list").replaceChildren(...SAMPLES.map(card));
}

begin();
