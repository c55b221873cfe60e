// What a request can be told beside its prompt: fields, ranges, presets, and the body that they make.

export const NUMBERS = [
  { name: "temperature", least: 0, most: 2, step: 0.05, usual: 1 },
  { name: "max_tokens", least: 1, most: 4096, step: 1, usual: 16, whole: true },
  { name: "top_p", least: 0, most: 1, step: 0.01, usual: 1 },
  { name: "top_k", least: 0, most: 200, step: 1, usual: 0, whole: true },
  { name: "repetition_penalty", least: 0.5, most: 2, step: 0.01, usual: 1 },
  { name: "presence_penalty", least: -2, most: 2, step: 0.1, usual: 0 },
  { name: "frequency_penalty", least: -2, most: 2, step: 0.1, usual: 0 },
  { name: "n", least: 1, most: 8, step: 1, usual: 1, whole: true },
];

const FREE = { top_k: 0, repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0 };
export const PRESETS = {
  exact: { ...FREE, temperature: 0, top_p: 1 },
  balanced: { ...FREE, temperature: 0.7, top_p: 0.9, repetition_penalty: 1.1 },
  free: { ...FREE, temperature: 1, top_p: 0.95, repetition_penalty: 1.05 },
};

export const FIRST = {
  model: null,
  ...PRESETS.balanced,
  max_tokens: 64,
  n: 1,
  seed: null,
  stop: [],
  start: "",
  restart: "",
};

// The preset that values are, else null.
export function presetOf(values) {
  const same = (preset) => Object.entries(preset).every(([name, value]) => values[name] === value);
  return Object.keys(PRESETS).find((name) => same(PRESETS[name])) ?? null;
}

// The first field whose value does not fit, else null.
export function misfit(values) {
  const fits = ({ name, least, most, whole }) => {
    const value = values[name];
    return Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value));
  };
  const seed = values.seed === null || Number.isSafeInteger(values.seed);
  if (!seed) return { name: "seed", least: 0, most: Number.MAX_SAFE_INTEGER };
  return NUMBERS.find((field) => !fits(field)) ?? null;
}

// The request's body; what is as the API has it anyway is left out.
export function bodyOf(values, prompt, logprobs = false) {
  const body = { ...(values.model ? { model: values.model } : {}), prompt };
  for (const { name, usual } of NUMBERS) {
    if (values[name] !== usual || name === "max_tokens") body[name] = values[name];
  }
  if (values.stop.length) body.stop = values.stop;
  if (values.seed !== null) body.seed = values.seed;
  if (logprobs) body.logprobs = 5;
  return body;
}

// Values of an earlier time, as far as they still mean something.
export function known(values) {
  const found = { ...FIRST };
  for (const name of Object.keys(FIRST)) {
    const value = values?.[name];
    const kind = FIRST[name] === null ? null : typeof FIRST[name];
    if (value !== undefined && (kind === null || typeof value === kind)) found[name] = value;
  }
  found.stop = Array.isArray(found.stop) ? found.stop.filter((one) => typeof one === "string") : [];
  return misfit(found) ? { ...FIRST } : found;
}

// "\n" and "\t" as people write them, and back.
export function unescaped(text) {
  return text.replace(/\\([nt\\])/g, (_, letter) => ({ n: "\n", t: "\t", "\\": "\\" })[letter]);
}

export function escaped(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
