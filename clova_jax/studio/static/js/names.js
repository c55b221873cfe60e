// Names of apps and collections: what they may be, and one that is free.
import { Field, textInput } from "./fields.js";

const ALLOWED = /^[A-Za-z0-9가-힣_][A-Za-z0-9가-힣._-]{0,99}$/;

export function isName(text) {
  return ALLOWED.test(text);
}

// A name made of a text that people read: "캐릭터 챗봇!" becomes "캐릭터-챗봇".
export function nameOf(text, otherwise) {
  const made = text.trim().replace(/[^A-Za-z0-9가-힣._-]+/g, "-").replace(/^[.-]+|[.-]+$/g, "");
  return isName(made) ? made.slice(0, 80) : otherwise;
}

export function freeName(name, taken) {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

// The path of an app in the API.
export function apiOf(name, ...rest) {
  return ["/v1/apps", encodeURIComponent(name), ...rest].join("/");
}

// What a version of an app is called in the API.
export function versionOf(app, number) {
  return `${app}@${number}`;
}

// A field for a name; `check` says under it what is wrong.
export class NameField extends Field {
  constructor(value, word, id) {
    super(textInput({ id, value, maxlength: 100, spellcheck: "false", autocapitalize: "off" }), { word, hint: "nameHint" });
  }

  check() {
    const name = this.value.trim();
    if (isName(name)) return name;
    this.fail(name ? "nameWrong" : "nameEmpty");
    return null;
  }
}

// Whether an error is about the name that was sent.
export function isTaken(error) {
  return error.status === 409 || error.param === "name";
}
