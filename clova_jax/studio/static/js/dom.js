// Makes elements; children that are no elements become text, never markup.
import { say } from "./words.js";

// `word`, `label`, `placeholder`, `title` are keys of words; `on` has listeners; the rest are attributes.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { word, values, label, labelValues, placeholder, title, on, ...attributes } = properties;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child != null));
  if (word) say(element, word, values);
  if (label) say(element, label, labelValues ?? values, "label");
  if (placeholder) say(element, placeholder, {}, "placeholder");
  if (title) say(element, title, {}, "title");
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Calls `work` when nothing has happened for `wait` milliseconds.
export function later(work, wait) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), wait);
  };
}

// Shows characters that are hard to see, for lists of tokens and strings.
export function visible(text) {
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣");
}
