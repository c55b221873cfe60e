// Which collection an app reads, and how much of it stands in the prompt.
import { part, whole } from "./app_parts.js";
import { h } from "./dom.js";
import { Field, check, choice, numberInput, textInput } from "./fields.js";
import { addressOf } from "./rooms.js";

const WAYS = ["bigrams", "morphemes", "words", "vectors"];

export function knowledgePart(content, change, collections) {
  const kept = content.knowledge ?? { collection: "", passages: 3, tokens: 256, query: "{input}", by: ["bigrams"] };
  const set = (name) => (value) => {
    kept[name] = value;
    change();
  };
  const found = collections.map((one) => one.name);
  const names = kept.collection && !found.includes(kept.collection) ? [kept.collection, ...found] : found; // one that is gone is still named
  const choices = [["", { word: "knowledgeNone" }], ...names.map((name) => [name, name])];
  const onChange = (name) => {
    kept.collection = name;
    content.knowledge = name ? kept : null;
    change();
  };
  const select = new Field(choice({ value: content.knowledge?.collection ?? "", choices, id: "knowledge-collection", onChange }), { word: "knowledgeCollection" });
  const number = (name, most) => new Field(numberInput({ value: kept[name], least: 1, most, id: `knowledge-${name}`, onInput: set(name) }), { word: name === "passages" ? "knowledgePassages" : "knowledgeTokens", hint: name === "passages" ? null : "knowledgeTokensHint", line: true });
  const passages = number("passages", 50);
  const tokens = number("tokens", 100_000);
  const query = new Field(textInput({ value: kept.query, id: "knowledge-query", spellcheck: "false", onInput: set("query") }), { word: "knowledgeQuery", hint: "knowledgeQueryHint" });
  const fields = h("div", { class: "switched" }, passages.element, tokens.element,
    h("details", { class: "more" }, h("summary", { word: "more" }), query.element, waysOf(kept, change)));
  const help = h("p", { class: "hint" }, h("span", { word: names.length ? "partKnowledgeHint" : "partKnowledgeNone" }), " ", h("a", { href: addressOf("knowledge"), word: "knowledgeOpen" }));
  const short = () => (content.knowledge ? ["asIs", { text: kept.collection }] : ["off", {}]);
  const made = part("knowledge", "partKnowledge", short, help, select.element, fields);
  const refresh = () => {
    fields.hidden = !content.knowledge;
    made.refresh();
  };
  const fits = () => !content.knowledge || (whole(passages, kept.passages, 1, 50) && whole(tokens, kept.tokens, 1, 100_000));
  const takes = (message) => /collection|knowledge/.test(message);
  return { ...made, refresh, check: fits, takes, fault: (message) => select.fail("knowledgeWrong", { message }) };
}

function waysOf(kept, change) {
  const way = (name) => {
    const onChange = (on) => {
      const chosen = WAYS.filter((one) => (one === name ? on : kept.by.includes(one)));
      if (chosen.length) kept.by = chosen;
      boxes.forEach((box, at) => (box.querySelector("input").checked = kept.by.includes(WAYS[at])));
      change();
    };
    const word = { bigrams: "byBigrams", morphemes: "byMorphemes", words: "byWords", vectors: "byVectors" }[name];
    return check({ word, checked: kept.by.includes(name), onChange });
  };
  const boxes = WAYS.map(way);
  return h("fieldset", { class: "ways" }, h("legend", { word: "knowledgeBy" }), ...boxes);
}
