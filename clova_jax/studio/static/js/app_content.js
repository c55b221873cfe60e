// The content of a version: what it has at first, and what its template asks for.

const PLACE = /\{\{([\p{L}_][\p{L}\p{N}_]*)\}\}|\{([\p{L}_][\p{L}\p{N}_]*)\}/gu;
export const OWN = ["input", "knowledge", "examples", "history"];

export function emptyContent() {
  return {
    title: { ko: "", en: "" },
    about: { ko: "", en: "" },
    template: "{input}",
    variables: [],
    parameters: { max_tokens: 64, temperature: 0.7, top_p: 0.9, repetition_penalty: 1.1 },
    filters: {},
    knowledge: null,
    examples: null,
    session: null,
    keep_texts: false,
  };
}

// Names that a template asks for, each once, in order.
export function placesOf(template) {
  return [...new Set([...template.matchAll(PLACE)].map((found) => found[2]).filter(Boolean))];
}

// Names that can stand in the template.
export function namesOf(content) {
  const parts = OWN.slice(1).filter((name) => content[name === "history" ? "session" : name]);
  return ["input", ...parts, ...content.variables.map((one) => one.name)];
}

export function unknownPlaces(content) {
  const known = namesOf(content);
  return placesOf(content.template).filter((name) => !known.includes(name));
}

// What is switched on and stands nowhere in the template.
export function unusedPlaces(content) {
  const asked = placesOf(content.template);
  return namesOf(content).filter((name) => OWN.includes(name) && name !== "input" && !asked.includes(name));
}

export function textIn(texts, language) {
  return texts?.[language] || texts?.ko || texts?.en || "";
}

export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
