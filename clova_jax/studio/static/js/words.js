// Says things in the chosen language; text goes into the page as text only.
import { en as appsEn } from "./words_apps_en.js";
import { ko as appsKo } from "./words_apps_ko.js";
import { en as chatEn } from "./words_chat_en.js";
import { ko as chatKo } from "./words_chat_ko.js";
import { en } from "./words_en.js";
import { en as knowledgeEn } from "./words_knowledge_en.js";
import { ko as knowledgeKo } from "./words_knowledge_ko.js";
import { ko } from "./words_ko.js";
import { en as phoneEn } from "./words_phone_en.js";
import { ko as phoneKo } from "./words_phone_ko.js";
import { en as scoreEn } from "./words_score_en.js";
import { ko as scoreKo } from "./words_score_ko.js";
import { en as usageEn } from "./words_usage_en.js";
import { ko as usageKo } from "./words_usage_ko.js";

export const TABLES = {
  ko: { ...ko, ...appsKo, ...chatKo, ...knowledgeKo, ...phoneKo, ...scoreKo, ...usageKo },
  en: { ...en, ...appsEn, ...chatEn, ...knowledgeEn, ...phoneEn, ...scoreEn, ...usageEn },
};
const PLACE = "studio.language";
const said = new WeakMap(); // element -> Map of where -> [key, values]
const ATTRIBUTES = { label: "aria-label", placeholder: "placeholder", title: "title" };
let language = "en";

export function firstLanguage(storage, navigator) {
  const kept = storage.get(PLACE);
  if (kept in TABLES) return kept;
  return navigator.language?.toLowerCase().startsWith("ko") ? "ko" : "en";
}

export function currentLanguage() {
  return language;
}

export function setLanguage(next, storage, keep = false) {
  language = next;
  document.documentElement.lang = next;
  if (keep) storage.set(PLACE, next);
  translate(document);
  document.dispatchEvent(new CustomEvent("studio-language"));
}

export function word(key, values = {}) {
  const found = TABLES[language][key];
  if (found === undefined) throw new Error(`no word ${key} in ${language}`);
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name] ?? "") : whole));
}

// Writes a word into an element now and whenever the language changes; `where` is "text" or a key of ATTRIBUTES.
export function say(element, key, values = {}, where = "text") {
  if (!said.has(element)) said.set(element, new Map());
  said.get(element).set(where, [key, values]);
  element.setAttribute("data-said", "");
  write(element, where, key, values);
  return element;
}

export function unsay(element) {
  said.get(element)?.delete("text");
  element.textContent = "";
}

function write(element, where, key, values) {
  if (where === "text") element.textContent = word(key, values);
  else element.setAttribute(ATTRIBUTES[where], word(key, values));
}

function translate(root) {
  for (const element of root.querySelectorAll("[data-word]")) write(element, "text", element.dataset.word);
  for (const where of Object.keys(ATTRIBUTES)) {
    for (const element of root.querySelectorAll(`[data-word-${where}]`)) {
      write(element, where, element.getAttribute(`data-word-${where}`));
    }
  }
  for (const element of root.querySelectorAll("[data-said]")) {
    for (const [where, [key, values]] of said.get(element) ?? []) write(element, where, key, values);
  }
}
