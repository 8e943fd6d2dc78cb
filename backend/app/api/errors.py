"""From refusals to answers: the only place that knows status numbers.

Every error is `application/problem+json` with a stable `code`, a sentence for people and, where that
helps, facts for programs. A request that cannot be read (broken JSON or multipart, a path that is not
an id, no JSON object at all) is 400 `malformed_request`; one that is read and has wrong or missing
fields is 422 `invalid_fields`, with each field in `errors`. An error that nobody foresaw is 500
`internal_error`: its traceback is in the log under the request's id, and nothing of it in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core import errors
from app.core.errors import AppError
from app.schemas.base import FieldProblem, Problem

_STATUS: dict[type[AppError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.LimitReached: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.RuleBroken: 422,
    errors.RateLimited: 429,
    errors.UpstreamRefused: 502,
    errors.UpstreamUnavailable: 503,
    errors.OutcomeUnknown: 504,
    errors.UpstreamTrouble: 502,
    AppError: 500,
}

_TITLES = {402: "Spending cap reached", 413: "Too large", 422: "Against a rule", 502: "Provider trouble"}

_HTTP_CODES = {
    400: ("malformed_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("body_too_large", "The request is larger than this address takes."),
}

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457): `code` is stable, `detail` is a sentence for people.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "model": Problem,
    }
}
"""For `responses=` of a router: every route answers its refusals in this one form."""


def status_of(error: AppError) -> int:
    """The status number of a refusal."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def problem_body(error: AppError) -> dict[str, Any]:
    """The refusal as it is written into the answer, without the request's id."""
    status = status_of(error)
    facts = {name: value for name, value in error.facts.items() if value is not None}
    return {
        **facts,
        "type": f"urn:aigrowth:problem:{error.code}",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }


def problem_response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The answer for a problem's body, with the request's id and the headers that its status asks for."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    status = int(body["status"])
    all_headers = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        all_headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in body:
        all_headers["Retry-After"] = str(body["retry_after"])
    content = {**body, "request_id": request_id} if request_id else dict(body)
    return Response(
        json.dumps(content, ensure_ascii=False, default=str).encode("utf-8", "replace"),
        status_code=status,
        headers=all_headers,
        media_type="application/problem+json",
    )


def answer(error: AppError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for a refusal."""
    return problem_response(problem_body(error), headers)


def unexpected() -> Response:
    """The answer when something went wrong that nobody foresaw."""
    return problem_response(
        {
            "type": "urn:aigrowth:problem:internal_error",
            "title": "Internal error",
            "status": 500,
            "detail": "Something went wrong on our side. Try again; if it stays, pass on the request id.",
            "code": "internal_error",
        }
    )


def field_problem(field: str, code: str, message: str) -> AppError:
    """The refusal of one field, for what no schema checks; `message` is a sentence."""
    problem = FieldProblem(field=field, code=code, message=message)
    return errors.RuleBroken("invalid_fields", f"{field}: {message}", errors=[problem.model_dump()])


def install(app: FastAPI) -> None:
    """Answer every refusal of the application as a problem."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        description = describe()
        for path in description.get("paths", {}).values():
            for operation in path.values():
                content = operation["responses"].get("default", {}).get("content", {})
                if "application/problem+json" in content:
                    # The framework adds its own type to every model.
                    content.pop("application/json", None)
        return description

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's documented way


_MOST_FIELDS = 20
"""More wrong fields than anybody reads are not told one by one."""


async def _on_app_error(_request: Request, error: Exception) -> Response:
    return answer(cast(AppError, error))


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if isinstance(error.__cause__, AppError):
        # Raised while the framework was reading the body, and wrapped by it.
        return answer(error.__cause__)
    code, detail = _HTTP_CODES.get(error.status_code, (f"http_{error.status_code}", ""))
    phrase = HTTPStatus(error.status_code).phrase
    return problem_response(
        {
            "type": f"urn:aigrowth:problem:{code}",
            "title": phrase,
            "status": error.status_code,
            "detail": detail or f"{phrase}.",
            "code": code,
        },
        error.headers,
    )


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    problems = cast(RequestValidationError, error).errors()
    malformed = next((problem for problem in problems if _is_malformed(problem)), None)
    if malformed is not None:
        return answer(errors.Malformed("malformed_request", _why_malformed(malformed)))
    fields = [explain(problem) for problem in problems[:_MOST_FIELDS]]
    if len(fields) == 1:
        detail = f"{fields[0].field}: {fields[0].message}"
    else:
        detail = f"These fields need another look: {', '.join(dict.fromkeys(f.field for f in fields))}."
    return answer(
        errors.RuleBroken("invalid_fields", detail, errors=[field.model_dump() for field in fields])
    )


def _is_malformed(problem: Mapping[str, Any]) -> bool:
    where = tuple(problem["loc"])
    return problem["type"] == "json_invalid" or where == ("body",) or where[:1] == ("path",)


def _why_malformed(problem: Mapping[str, Any]) -> str:
    where = tuple(problem["loc"])
    if problem["type"] == "json_invalid":
        return "The body is not valid JSON."
    if problem["type"] == "value_error":
        return f"{(problem.get('ctx') or {}).get('error', 'The body cannot be used')}."
    if where[:1] == ("path",) and problem["type"].startswith("string_"):
        return f"{where[-1]} in the address is none that this server gives out. Use it as you got it."
    if where[:1] == ("path",):
        return f"{where[-1]} in the address must be an id: a whole number above zero."
    return "The body must be a JSON object, sent with Content-Type: application/json."


def explain(problem: Mapping[str, Any]) -> FieldProblem:
    """What is wrong with one field, in a sentence for people; `problem` as Pydantic tells it."""
    code, message = _in_plain_words(problem)
    path = [str(part) for part in problem["loc"][1:]] or [str(problem["loc"][-1])]
    return FieldProblem(field=".".join(path), code=code, message=message)


def _in_plain_words(problem: Mapping[str, Any]) -> tuple[str, str]:
    kind: str = problem["type"]
    context: Mapping[str, Any] = problem.get("ctx") or {}
    match kind:
        case "missing":
            return "missing", "This field is needed."
        case "extra_forbidden":
            return "unknown_field", "There is no field of this name."
        case "string_too_short" if context.get("min_length") == 1:
            return "too_short", "This must not be empty."
        case "string_too_short":
            return "too_short", f"Use at least {context.get('min_length')} characters."
        case "string_too_long":
            return "too_long", f"Use at most {context.get('max_length')} characters."
        case "too_long" if context.get("field_type") == "Value":
            return "too_long", f"Use at most {context.get('max_length')} characters."
        case "too_short" if context.get("field_type") == "Value":
            return "too_short", f"Use at least {context.get('min_length')} characters."
        case "too_long":
            return "too_long", f"Give at most {context.get('max_length')}."
        case "too_short":
            return "too_short", f"Give at least {context.get('min_length')}."
        case "greater_than_equal":
            return "too_small", f"This must be {context.get('ge')} or more."
        case "greater_than":
            return "too_small", f"This must be more than {context.get('gt')}."
        case "less_than_equal":
            return "too_large", f"This must be {context.get('le')} or less."
        case "less_than":
            return "too_large", f"This must be less than {context.get('lt')}."
        case "literal_error" | "enum":
            return "not_a_choice", f"Choose one of: {context.get('expected')}."
        case "value_error" if "email" in str(problem.get("msg", "")):
            return "not_an_email", "This is not an e-mail address that mail can reach."
        case "string_pattern_mismatch":
            return "wrong_form", "This does not have the form that is expected here."
        case "timezone_aware":
            return "wrong_form", "Give the time with its offset, such as 2026-01-31T09:00:00Z."
        case "value_error":
            return "wrong_form", f"{str(context.get('error', 'This cannot be used here')).rstrip('.')}."
    wanted = _WANTED.get(kind.split("_")[0])
    if wanted:
        return "wrong_type", f"This must be {wanted}."
    return "wrong_form", f"{str(problem.get('msg', 'This cannot be used here')).rstrip('.')}."


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "datetime": "a moment such as 2026-01-31T09:00:00Z",
    "date": "a day such as 2026-01-31",
}
