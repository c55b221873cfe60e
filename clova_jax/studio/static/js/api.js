// Asks the server; what it refuses is an ApiError.

const KEY = "studio.key";

export class ApiError extends Error {
  constructor(status, error, retryAfter = null) {
    super(String(error?.message ?? `status ${status}`));
    this.status = status;
    this.code = error?.code ?? null;
    this.param = error?.param ?? null;
    this.kind = error?.type ?? null;
    this.retryAfter = retryAfter;
  }
}

export class NetworkError extends Error {}

export class Api {
  constructor(session) {
    this.session = session;
  }

  get key() {
    return this.session.get(KEY) ?? "";
  }

  set key(value) {
    if (value) this.session.set(KEY, value);
    else this.session.remove(KEY);
  }

  // The answer with its body still to be read; a Blob is sent as it is, all else as JSON.
  async open(path, body, signal, method = body === undefined ? "GET" : "POST") {
    const headers = this.key ? { Authorization: `Bearer ${this.key}` } : {};
    const options = { method, headers, signal, credentials: "omit", cache: "no-store" };
    if (body instanceof Blob) {
      options.body = body;
      headers["Content-Type"] = "application/octet-stream";
    } else if (body !== undefined) {
      options.body = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new NetworkError(String(error.message));
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  async get(path, signal) {
    return (await this.open(path, undefined, signal)).json();
  }

  async post(path, body, signal) {
    return (await this.open(path, body, signal)).json();
  }

  async put(path, body, signal) {
    return (await this.open(path, body, signal, "PUT")).json();
  }

  async remove(path) {
    await this.open(path, undefined, undefined, "DELETE");
  }

  async countTokens(text, signal) {
    const found = await this.post("/tokenize", { prompt: text }, signal);
    return { count: found.count, most: found.max_model_len };
  }
}

async function refusal(answer) {
  const wait = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  let error = null;
  try {
    error = (await answer.json()).error;
  } catch {
    // no JSON: a proxy's page
  }
  return new ApiError(answer.status, error, Number.isNaN(wait) ? null : wait);
}
