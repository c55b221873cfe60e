// Reads a completion as it is written: server-sent events over fetch.
import { ApiError, NetworkError } from "./api.js";

const STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  not_found_error: 404,
  rate_limit_error: 429,
  overloaded_error: 503,
};

// The stream ended before its end: what came so far is good.
export class StreamCut extends Error {}

// Yields the `data` of each event. Bytes are decoded across chunks: no syllable is ever split.
export async function* eventsOf(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const events = rest.split(/\r?\n\r?\n/);
      rest = events.pop();
      for (const event of events) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (data.length) yield data.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// Yields the choices of each event until the end of the texts.
export async function* complete(api, body, signal) {
  for await (const event of written(api, "/v1/completions", { ...body, stream: true }, signal)) yield* event.choices ?? [];
}

// Yields the events of a stream until its end.
export async function* written(api, path, body, signal) {
  const answer = await api.open(path, body, signal);
  try {
    for await (const data of eventsOf(answer.body)) {
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new ApiError(STATUS[event.error.type] ?? 500, event.error);
      yield event;
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof ApiError || error instanceof NetworkError) throw error;
    throw new StreamCut(String(error.message));
  }
  throw new StreamCut("no end");
}
