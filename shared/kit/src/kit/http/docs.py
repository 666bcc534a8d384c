"""`/docs`: the API as one page a person can read, made from the same document as `/openapi.json`.

No script and nothing from elsewhere: it reads the same on a closed network, with a keyboard or a screen reader.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

STYLE: Final = """
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a }
    code, .path { font-family: ui-monospace, monospace } h2 { border-top: 1px solid #767676; padding-top: 1rem }
    table { border-collapse: collapse; width: 100% } caption { text-align: left; font-weight: 600 }
    th, td { border: 1px solid #767676; padding: .3rem .5rem; text-align: left; vertical-align: top }
    .method { text-transform: uppercase; font-weight: 700 } a { color: #0b4f9e }
"""
POLICY: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
METHODS: Final = ("get", "post", "put", "patch", "delete")

Operation = Mapping[str, Any]


def router(app: FastAPI) -> APIRouter:
    """The page of an application, made at its first reading."""
    routes = APIRouter()
    made: list[str] = []

    @routes.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        if not made:
            made.append(page(app.openapi()))
        return HTMLResponse(made[0], headers=POLICY)

    return routes


def page(document: Mapping[str, Any]) -> str:
    """The whole page of an OpenAPI document."""
    title = escape(document["info"]["title"])
    operations = list(_operations(document))
    contents = "".join(
        f'<li><a href="#{_anchor(method, path)}"><span class="method">{method}</span> '
        f'<span class="path">{escape(path)}</span></a> {escape(operation.get("summary", ""))}</li>'
        for method, path, operation in operations
    )
    sections = "".join(_section(method, path, operation) for method, path, operation in operations)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<main><h1>{title}</h1><p>Version {escape(document['info']['version'])}. For programs: "
        '<a href="/openapi.json"><code>/openapi.json</code></a> (OpenAPI).</p>'
        f'<nav aria-label="Operations"><ul>{contents}</ul></nav>{sections}</main></body></html>'
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield method, path, methods[method]


def _section(method: str, path: str, operation: Operation) -> str:
    scopes = sorted({scope for needed in operation.get("security", ()) for names in needed.values() for scope in names})
    rights = f"<p>Scopes: {_codes(scopes)}</p>" if scopes else ""
    body = operation.get("requestBody", {}).get("content", {})
    accepts = f"<p>Accepts: {_codes(body)}</p>" if body else ""
    return (
        f'<section id="{_anchor(method, path)}"><h2><span class="method">{method}</span> '
        f'<span class="path">{escape(path)}</span></h2><p><strong>{escape(operation.get("summary", ""))}</strong></p>'
        f"{_paragraphs(operation.get('description', ''))}{rights}{accepts}"
        f"{_parameters(operation)}{_responses(operation)}</section>"
    )


def _parameters(operation: Operation) -> str:
    rows = [
        (
            f"<code>{escape(each['name'])}</code>",
            escape(each["in"]),
            "yes" if each.get("required") else "no",
            escape(each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    ]
    return _table("Parameters", ("name", "in", "required", "meaning"), rows)


def _responses(operation: Operation) -> str:
    rows = [
        (escape(status), escape(each.get("description", "")), _codes(each.get("content", {})))
        for status, each in operation["responses"].items()
    ]
    return _table("Answers", ("status", "meaning", "media type"), rows)


def _table(caption: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def _codes(names: Any) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '').replace(':', '-')}")
