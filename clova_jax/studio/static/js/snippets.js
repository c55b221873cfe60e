// Writes a request as curl and as Python; the key is named, never shown.

const OPENAI = ["model", "prompt", "max_tokens", "temperature", "top_p", "n", "stop", "seed", "logprobs", "presence_penalty", "frequency_penalty"];

function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// JSON of a string is a string of Python too.
function python(value) {
  return JSON.stringify(value);
}

export function curl(origin, body, keyed) {
  return posted(`${origin}/v1/completions`, body, keyed);
}

function posted(address, body, keyed) {
  const lines = [`curl ${shell(address)}`, "-H 'Content-Type: application/json'"];
  if (keyed) lines.push('-H "Authorization: Bearer $STUDIO_KEY"');
  lines.push(`-d ${shell(JSON.stringify(body, null, 2))}`);
  return lines.join(" \\\n  ");
}

export function openai(origin, body, model, keyed) {
  const whole = { model, ...body };
  const own = Object.entries(whole).filter(([name]) => OPENAI.includes(name));
  const extra = Object.entries(whole).filter(([name]) => !OPENAI.includes(name));
  const lines = own.map(([name, value]) => `    ${name}=${python(value)},`);
  if (extra.length) lines.push(`    extra_body=${python(Object.fromEntries(extra))},`);
  const key = keyed ? 'os.environ["STUDIO_KEY"]' : '"EMPTY"';
  return [
    ...(keyed ? ["import os", ""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url=${python(`${origin}/v1`)}, api_key=${key})`,
    "answer = client.completions.create(",
    ...lines,
    ")",
    "print(answer.choices[0].text)",
    "",
  ].join("\n");
}

// An app through the API of completions.
export function appCurl(origin, name, variables, keyed) {
  return posted(`${origin}/v1/completions`, { model: `app:${name}`, prompt: "…", ...given(variables) }, keyed);
}

// An app through its webhook; the session's name keeps one conversation apart from the others.
export function webhookCurl(origin, name, variables, keyed) {
  const body = { session: "speaker-1", text: "…", ...given(variables) };
  return posted(`${origin}/v1/apps/${encodeURIComponent(name)}/webhook`, body, keyed);
}

function given(variables) {
  return variables.length ? { variables: Object.fromEntries(variables.map((one) => [one, "…"])) } : {};
}
