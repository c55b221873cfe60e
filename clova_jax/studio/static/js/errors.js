// Says in words what went wrong and what to do.
import { ApiError, NetworkError } from "./api.js";
import { StreamCut } from "./stream.js";

// [key of a word, values] of an error; null where nothing went wrong.
export function wordsOf(error) {
  if (error.name === "AbortError") return null;
  if (error instanceof StreamCut) return ["errorCut", {}];
  if (error instanceof NetworkError) return ["errorNetwork", {}];
  if (!(error instanceof ApiError)) return ["errorOther", { message: error.message }];
  const message = error.message;
  const wait = error.retryAfter ?? 5;
  switch (error.status) {
    case 400:
      if (error.code === "context_length_exceeded") return ["errorContext", {}];
      if (error.param === "logprobs") return ["errorLogprobs", {}];
      return error.param ? ["errorField", { name: error.param, message }] : ["errorOther", { message }];
    case 401:
      return [/not known/.test(message) ? "errorKeyWrong" : "errorKeyMissing", {}];
    case 404:
      return [error.code === "model_not_found" ? "errorModel" : "errorOther", { message }];
    case 409:
      return ["errorTaken", { message }];
    case 413:
      return ["errorLarge", {}];
    case 429:
      return error.retryAfter === null ? ["errorLimitSize", {}] : ["errorLimit", { wait }];
    case 503:
      if (error.code === "loading") return ["errorLoading", {}];
      return error.code === "queue_full" ? ["errorFull", { wait }] : ["errorStopping", {}];
    default:
      return ["errorServer", { message }];
  }
}
