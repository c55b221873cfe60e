// Turns the API's tokens into units that can be shown: whole characters, with probability and alternatives.

const END_OF_TEXT = "<|endoftext|>";
const BYTES = /^bytes:((?:\\x[0-9a-f]{2})+)$/;

// The bytes of a token that is no text by itself, else null.
export function bytesOf(name) {
  const found = BYTES.exec(name);
  return found ? found[1].match(/[0-9a-f]{2}/g).map((hex) => Number.parseInt(hex, 16)) : null;
}

// Groups names into units: tokens that are bytes stand together until they are characters.
export function unitsOf(names) {
  const units = [];
  let open = null; // {bytes, first, count}
  const encoder = new TextEncoder();
  const close = () => {
    if (open) units.push({ text: new TextDecoder().decode(Uint8Array.from(open.bytes)), first: open.first, count: open.count });
    open = null;
  };
  names.forEach((name, index) => {
    const bytes = bytesOf(name);
    if (bytes === null) {
      close();
      if (name !== END_OF_TEXT) units.push({ text: name, first: index, count: 1 });
      return;
    }
    open ??= { bytes: [], first: index, count: 0 };
    open.bytes.push(...bytes);
    open.count += 1;
    if (isText(open.bytes)) close();
  });
  close();
  return units.map((unit) => ({ ...unit, size: encoder.encode(unit.text).length }));
}

function isText(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}

// Marks of a text from `start` on, by the API's logprobs; they end where tokens and text no longer agree.
export function marksOf(logprobs, text, start, run, made) {
  const marks = [];
  let at = 0;
  for (const unit of unitsOf(logprobs.tokens)) {
    const left = text.slice(at, at + unit.text.length);
    if (!left || !unit.text.startsWith(left)) break;
    const own = logprobs.token_logprobs.slice(unit.first, unit.first + unit.count);
    const known = own.every((value) => value !== null);
    marks.push({
      start: start + at,
      end: start + at + left.length,
      run,
      made,
      p: known ? Math.exp(own.reduce((sum, value) => sum + value, 0)) : null,
      tops: alternativesOf(logprobs.top_logprobs?.[unit.first], logprobs.tokens[unit.first], unit.text),
    });
    at += left.length;
  }
  return marks;
}

// The likeliest tokens in a place; `text` is null where one cannot be written by itself. The one that was chosen
// stands for all of its unit.
export function alternativesOf(tops, chosen, whole) {
  return Object.entries(tops ?? {})
    .sort((a, b) => b[1] - a[1])
    .map(([name, logprob]) => {
      const end = name === END_OF_TEXT;
      const text = name === chosen ? whole : end ? "" : bytesOf(name) ? null : name;
      return { text, end, p: Math.exp(logprob), chosen: name === chosen };
    });
}

// Adds the logprobs of one event to those before.
export function joined(before, after) {
  if (!before) return after;
  const both = {};
  for (const name of ["tokens", "token_logprobs", "top_logprobs"]) both[name] = [...before[name], ...after[name]];
  return both;
}

export function percent(p) {
  if (p > 0 && p < 0.001) return "<0.1%";
  return `${(100 * p).toFixed(p < 0.1 ? 1 : 0)}%`;
}
