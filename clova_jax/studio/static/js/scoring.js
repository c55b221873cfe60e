// Asks how likely the text is, and how much each token of it matters.
import { marksOf, unitsOf } from "./tokens.js";

// Marks of a text by the model's probabilities, `made` where it was before.
export async function scored(api, text, model, before, run, signal) {
  const body = { model, prompt: text, max_tokens: 0, echo: true, logprobs: 5 };
  const { choices } = await api.post("/v1/completions", body, signal);
  const wasMade = (mark) => before.some((one) => one.made && one.start < mark.end && mark.start < one.end);
  return marksOf(choices[0].logprobs, text, 0, run, false).map((mark) => ({ ...mark, made: wasMade(mark) }));
}

// Marks with `heat` from 0 to 1: the size of the gradient of the loss of what the model wrote, or of the last token.
export async function influence(api, text, model, made, signal) {
  const found = await api.post("/tokenize", { model, prompt: text, return_token_strs: true }, signal);
  const { tokens, token_strs: names } = found;
  if (tokens.length < 2) return null;
  const places = placesOf(unitsOf(names), text);
  const counts = maskOf(places, tokens.length, made);
  const body = { model, ids: [tokens.slice(0, -1)], targets: [tokens.slice(1)], loss_mask: [counts] };
  const { gradients } = await api.post("/v1/input_gradients", body, signal);
  const sizes = lengthsOf(gradients);
  const most = Math.max(...sizes, Number.MIN_VALUE);
  return places.map(({ start, end, first, count }) => {
    const own = sizes.slice(first, first + count);
    const heat = own.length ? Math.sqrt(Math.max(...own) / most) : 0;
    return { start, end, heat, made: made.some((one) => one.start < end && start < one.end) };
  });
}

function placesOf(units, text) {
  const places = [];
  let at = 0;
  for (const unit of units) {
    if (!text.startsWith(unit.text, at)) break;
    places.push({ ...unit, start: at, end: at + unit.text.length });
    at += unit.text.length;
  }
  return places;
}

// 1 for the targets that the model wrote; for the last one where it wrote none. Target k is token k + 1.
function maskOf(places, count, made) {
  const mask = Array(count - 1).fill(0);
  for (const place of places) {
    if (!made.some((one) => one.start < place.end && place.start < one.end)) continue;
    for (let token = Math.max(place.first, 1); token < place.first + place.count; token += 1) mask[token - 1] = 1;
  }
  if (!mask.includes(1)) mask[count - 2] = 1;
  return mask;
}

// Lengths of the vectors of an array [1,T,D], float32 in base64.
function lengthsOf({ shape, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const values = new Float32Array(bytes.buffer);
  const [, rows, width] = shape;
  return Array.from({ length: rows }, (_, row) => Math.hypot(...values.subarray(row * width, (row + 1) * width)));
}
