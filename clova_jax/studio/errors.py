"""Defines errors as the API gives them: a status, and OpenAI's shape in the body."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Cancelled, EngineClosed, QueueFull
from clova_jax.studio.store import Conflict, Missing

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}
NOT_SUPPORTED = {
    "suffix": "suffix is not supported: the model writes from left to right only",
    "user": "user is not supported: give each user a key",
}


class ApiError(Exception):
    """Ends a request with a status.

    Args:
        status: of HTTP.
        message: one line.
        param: the field that is meant, if one is.
        code: a word for programs.
        retry_after: seconds until it is worth trying again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code, self.retry_after = status, param, code, retry_after

    @property
    def body(self) -> dict[str, Any]:
        """Returns the error in OpenAI's shape."""
        kind = KINDS.get(self.status, "api_error")
        about = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        # A name in the request may hold half a surrogate pair, which no answer can.
        return {"error": {name: _encodable(value) for name, value in about.items()}}

    @property
    def headers(self) -> dict[str, str]:
        """Returns the headers that belong to it."""
        found = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return found | ({"WWW-Authenticate": "Bearer"} if self.status == 401 else {})

    def response(self) -> JSONResponse:
        """Returns the complete answer."""
        return JSONResponse(self.body, self.status, self.headers)


def as_api_error(error: BaseException) -> ApiError:
    """Returns the error as the API says it; what is no mistake of the caller's is a 500 that names no internals."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, QueueFull):
        return ApiError(503, str(error), code="queue_full", retry_after=1)
    if isinstance(error, Cancelled):
        return ApiError(503, "the request was cancelled", code="cancelled", retry_after=1)
    if isinstance(error, EngineClosed):
        return ApiError(503, "the server is stopping", code="stopping", retry_after=5)
    if isinstance(error, Missing):
        return ApiError(404, str(error), code="not_found")
    if isinstance(error, Conflict):
        return ApiError(409, str(error), code="conflict")
    if isinstance(error, ClovaError):
        return ApiError(400, str(error))
    return ApiError(500, f"the server failed ({type(error).__name__}); its log has more")


def install_handlers(app: FastAPI) -> None:
    """Makes an app answer all its errors in OpenAI's shape."""

    async def api_error(_: Request, error: Exception) -> JSONResponse:
        return as_api_error(error).response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _invalid(error.errors()[0]).response()

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        answer = ApiError(error.status_code, str(error.detail)).response()
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(ApiError, api_error)
    app.add_exception_handler(ClovaError, api_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, api_error)


def _encodable(value: str | None) -> str | None:
    return None if value is None else value.encode("utf-8", "replace").decode()


def _invalid(problem: Mapping[str, Any]) -> ApiError:
    """Returns a 400 that names the first field that is wrong."""
    place = [str(part) for part in problem["loc"] if part not in ("body", "query", "path")]
    name = ".".join(place) or None
    if problem["type"] == "json_invalid":
        return ApiError(400, "the body is no JSON")
    if name is None:
        return ApiError(400, "wants a JSON object (Content-Type: application/json)")
    if problem["type"] == "extra_forbidden":
        message = NOT_SUPPORTED.get(name, f"{name}: no such field")
        return ApiError(400, message, param=name, code="unknown_parameter")
    if problem["type"] == "missing":
        return ApiError(400, f"{name} is required", param=name, code="missing_required_parameter")
    words = str(problem["msg"]).removeprefix("Value error, ")
    return ApiError(
        400, f"{name}: {words[:1].lower()}{words[1:]}", param=name, code="invalid_value"
    )
