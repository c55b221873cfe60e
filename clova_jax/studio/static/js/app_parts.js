// Parts of an app's form that open and close: what it is called, how it talks, how it writes, what it lets through.
import { h } from "./dom.js";
import { Field, check, choice, numberInput, row, textInput } from "./fields.js";
import { FIRST, NUMBERS, misfit } from "./parameters.js";
import { ParametersView } from "./parameters_view.js";
import { say, word } from "./words.js";

const LANGUAGES = ["ko", "en"];
const KINDS = ["personal", "curse", "unsafe"];
const ACTIONS = ["off", "flag", "mask", "block"];

// A part: `short` returns [key of words, values] for what its head says while it is closed.
export function part(id, key, short, ...children) {
  const state = h("span", { class: "part-state" });
  const element = h("details", { class: "part", id: `part-${id}` }, h("summary", {}, h("span", { word: key }), state), h("div", { class: "part-body" }, ...children));
  const refresh = () => say(state, ...short());
  return { element, refresh };
}

export function aboutPart(content, change) {
  const field = (name, language) => {
    const onInput = (text) => {
      content[name][language] = text;
      change();
    };
    const rows = name === "about" ? 2 : 0;
    const key = `${name}${language === "ko" ? "Korean" : "English"}`;
    return new Field(textInput({ rows, value: content[name]?.[language] ?? "", lang: language, id: `${name}-${language}`, onInput }), { word: key }).element;
  };
  const fields = LANGUAGES.flatMap((language) => [field("title", language), field("about", language)]);
  const title = () => content.title.ko || content.title.en;
  return part("about", "partAbout", () => (title() ? ["asIs", { text: title() }] : ["none", {}]), h("p", { class: "hint", word: "partAboutHint" }), ...fields);
}

export function sessionPart(content, change) {
  const first = { turns: 6, user: "사용자: ", bot: "봇: ", greeting: "" };
  const kept = content.session ?? first;
  const set = (name) => (value) => {
    kept[name] = value;
    change();
  };
  const turns = new Field(numberInput({ value: kept.turns, least: 1, most: 100, id: "session-turns", onInput: set("turns") }), { word: "sessionTurns", hint: "sessionTurnsHint", line: true });
  const texts = ["user", "bot"].map((name) => new Field(textInput({ value: kept[name], id: `session-${name}`, maxlength: 200, onInput: set(name) }), { word: name === "user" ? "sessionUser" : "sessionBot", line: true }).element);
  const greeting = new Field(textInput({ rows: 2, value: kept.greeting, id: "session-greeting", maxlength: 2000, onInput: set("greeting") }), { word: "sessionGreeting", hint: "sessionGreetingHint" }).element;
  const fields = h("div", { class: "switched" }, turns.element, ...texts, greeting);
  const onChange = (on) => {
    content.session = on ? kept : null;
    change();
  };
  const made = part("session", "partSession", () => (content.session ? ["sessionOn", { n: kept.turns }] : ["off", {}]),
    check({ word: "sessionUse", checked: content.session !== null, id: "session-use", onChange }), fields);
  const refresh = () => {
    fields.hidden = !content.session;
    made.refresh();
  };
  return { ...made, refresh, check: () => !content.session || whole(turns, kept.turns, 1, 100) };
}

// Whether a number is whole and in its range; else says so under its field.
export function whole(field, value, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return true;
  field.fail("numberWrong", { least, most });
  return false;
}

export function parametersPart(content, change) {
  const form = h("div", { class: "fields" });
  const fault = h("p", { class: "fault", "aria-live": "polite" });
  const own = NUMBERS.filter(({ name }) => name !== "n");
  const usual = Object.fromEntries(own.map((field) => [field.name, field.usual]));
  const first = { ...FIRST, ...usual, ...content.parameters, n: 1, stop: content.parameters.stop ?? [] };
  const onChange = (values) => {
    fault.textContent = "";
    for (const { name } of own) content.parameters[name] = values[name];
    Object.assign(content.parameters, { stop: values.stop, seed: values.seed });
    change();
  };
  const settings = new ParametersView(form, "app-parameter", first, { all: false, model: false, onChange });
  const short = () => ["parametersShort", { temperature: settings.values.temperature, most: settings.values.max_tokens }];
  const made = part("parameters", "partParameters", short, form, fault);
  const check = () => {
    const wrong = misfit(settings.values);
    if (!wrong) return true;
    made.element.open = true;
    say(fault, "outOfRange", { ...wrong, name: word(wrong.name) });
    document.getElementById(settings.id(wrong.name)).focus();
    return false;
  };
  return { ...made, check };
}

export function filtersPart(content, change) {
  const words = { off: "filterOff", flag: "filterFlag", mask: "filterMask", block: "filterBlock" };
  const field = (kind) => {
    const onChange = (action) => {
      if (action === "off") delete content.filters[kind];
      else content.filters[kind] = action;
      change();
    };
    const choices = ACTIONS.map((action) => [action, { word: words[action] }]);
    const select = choice({ value: content.filters[kind] ?? "off", choices, id: `filter-${kind}`, onChange });
    return new Field(select, { word: { personal: "filterPersonal", curse: "filterCurse", unsafe: "filterUnsafe" }[kind], line: true }).element;
  };
  const onChange = (on) => {
    content.keep_texts = on;
    change();
  };
  const keep = h("div", { class: "field" }, check({ word: "keepTexts", checked: content.keep_texts === true, id: "keep-texts", onChange }), h("p", { class: "hint", word: "keepTextsHint" }));
  const count = () => Object.keys(content.filters).length;
  const short = () => (count() ? ["filtersShort", { n: count() }] : ["filtersUsual", {}]);
  return part("filters", "partFilters", short, h("p", { class: "hint", word: "partFiltersHint" }), ...KINDS.map(field), row(keep));
}
