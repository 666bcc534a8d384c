"""The house rules that no linter knows. Each takes one source and tells its violations, a line each."""

import ast
import re
import sys
from collections.abc import Iterator

from architecture.sources import Source, called, calls, imported

LONGEST_FILE = 400
LONGEST_FUNCTION = 50

COMMIT = "shared/kit/src/kit/database.py"
OFFSETS = "shared/kit/src/kit/consumer.py"

VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"})
PERSONAL_WORDS = frozenset(
    {
        "ip", "address", "addresses", "email", "phone", "street", "postal", "username", "surname", "firstname",
        "lastname", "birthdate", "subscriber", "person", "identity", "plaintext", "password", "secret",
    }
)  # fmt: skip
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "bind"})
METRICS = frozenset({"Counter", "Gauge", "Histogram", "Summary"})
READS_OF_A_REQUEST = frozenset({"stream", "body", "json", "form"})
STREAMS = frozenset({"StreamingResponse", "EventSourceResponse"})
UNFINISHED = re.compile(r"#.*\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
VALUES = "kit.values"
CONTRACTS_MAY_IMPORT = frozenset({"contracts", "pydantic", "orjson", "uuid_utils"})


def commits(source: Source) -> Iterator[str]:
    """One commit in the code base: leaving a transaction. (The consumer also commits offsets, to Kafka.)"""
    found = [call for call in calls(source.tree) if called(call) == "commit" and isinstance(call.func, ast.Attribute)]
    allowed = 1 if source.path in {COMMIT, OFFSETS} else 0
    for call in found[allowed:]:
        yield f"{source.at(call)} commits; leaving `async with database.as_…()` is the only commit"


def base_http_middleware(source: Source) -> Iterator[str]:
    """Starlette's BaseHTTPMiddleware breaks cancellation and context variables: write plain ASGI."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.alias) and "BaseHTTPMiddleware" in {
            getattr(node, "id", None),
            getattr(node, "name", None),
        }:
            yield f"{source.at(node)} uses BaseHTTPMiddleware"


def request_read_while_streaming(source: Source) -> Iterator[str]:
    """A body is read to its end before the response starts (spec §5.1)."""
    functions = {function.name: function for function in source.functions}
    waiting: list[ast.AST] = [
        argument
        for call in calls(source.tree)
        if called(call) in STREAMS
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
    ]
    seen: set[str] = set()
    while waiting:
        part = waiting.pop()
        for call in calls(part):
            if called(call) in READS_OF_A_REQUEST and _is_request(call.func):
                yield f"{source.at(call)} reads the request inside a streaming response"
        for name in {node.id for node in ast.walk(part) if isinstance(node, ast.Name)} & functions.keys() - seen:
            seen.add(name)
            waiting.append(functions[name])


def vague_module_name(source: Source) -> Iterator[str]:
    """A name that fits everything says nothing (architecture §2)."""
    for word in set(source.module.split(".")) & VAGUE_NAMES:
        yield f"{source.path} is called {word}"


def long_file(source: Source) -> Iterator[str]:
    """One screen per purpose."""
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield f"{source.path} has {lines} lines, more than {LONGEST_FILE}"


def long_function(source: Source) -> Iterator[str]:
    """A function fits a screen; its docstring does not count."""
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        first = function.body[0]
        if ast.get_docstring(function, clean=False) is not None:
            lines -= (first.end_lineno or first.lineno) - first.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield f"{source.at(function)} {function.name} has {lines} lines, more than {LONGEST_FUNCTION}"


def full_init(source: Source) -> Iterator[str]:
    """A thing is imported from where it lives."""
    if source.path.endswith("/__init__.py") and source.text.strip():
        yield f"{source.path} is not empty"


def no_promise(source: Source) -> Iterator[str]:
    """The module docstring is a promise."""
    public = not source.module.rpartition(".")[2].startswith("_") or source.path.endswith("/__main__.py")
    if public and source.text.strip() and ast.get_docstring(source.tree) is None:
        yield f"{source.path} has no docstring"


def handler_calls_out(source: Source) -> Iterator[str]:
    """Handlers never call out: they schedule a job."""
    if re.search(r"/handlers(/\w+)?\.py$", source.path):
        for alias, module in imported(source.tree):
            if module.partition(".")[0] in {"httpx", "requests", "urllib3", "smtplib", "aiosmtplib"}:
                yield f"{source.at(alias)} imports {module} in a handler"


def dumps_of_model_dump(source: Source) -> Iterator[str]:
    """`model_dump_json` writes what the schema says; a dump of a dump forgets aliases and formats."""
    for call in calls(source.tree):
        if called(call) == "dumps" and any(
            called(inner) == "model_dump" for part in call.args for inner in calls(part)
        ):
            yield f"{source.at(call)} dumps what model_dump gave; use model_dump_json"


def personal_names(source: Source) -> Iterator[str]:
    """Logs and metrics count and join by ids; no field of theirs is made to hold personal data."""
    for call in calls(source.tree):
        for name in _names_told(call):
            for word in set(re.split(r"[^a-z]+", name.casefold())) & PERSONAL_WORDS:
                yield f"{source.at(call)} tells {name!r}, which names personal data ({word})"


def unfinished(source: Source) -> Iterator[str]:
    """What is not done is an issue, not a mark in the code."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if UNFINISHED.search(line):
            yield f"{source.path}:{number} is marked as unfinished"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield f"{source.at(node)} is not implemented"


def swallowed(source: Source) -> Iterator[str]:
    """Only the outermost runner classifies failures; nobody drops one."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(each, ast.Pass) for each in node.body):
            caught = ast.unparse(node.type) if node.type else ""
            if caught in {"", "Exception", "BaseException"}:
                yield f"{source.path}:{node.lineno} swallows every failure"


def sleeping_test(source: Source) -> Iterator[str]:
    """A test waits for a fact: `kit.testing.eventually`."""
    for call in calls(source.tree):
        if called(call) == "sleep":
            yield f"{source.at(call)} sleeps"


def skipped_test(source: Source) -> Iterator[str]:
    """One test may be skipped: the one that needs npm (architecture §5)."""
    if source.path != "tests/contract/test_asyncapi.py":
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}:
                yield f"{source.at(node)} leaves a test out"


def mocking_test(source: Source) -> Iterator[str]:
    """Fakes stand at ports and pass the suite of the real thing; nothing of ours is patched."""
    for alias, module in imported(source.tree):
        if module.startswith("unittest") or module in {"mock", "pytest_mock"}:
            yield f"{source.at(alias)} imports {module}"


def impure_domain(source: Source) -> Iterator[str]:
    """The domain imports the standard library, itself, and how values are declared (ADR 17)."""
    package, _, rest = source.module.partition(".")
    if rest.partition(".")[0] == "domain":
        for alias, module in imported(source.tree):
            own = module == f"{package}.domain" or module.startswith(f"{package}.domain.")
            if not (own or module == VALUES or _standard(module)):
                yield f"{source.at(alias)} imports {module} in the domain"


def greedy_contracts(source: Source) -> Iterator[str]:
    """Whoever installs contracts gets three small libraries. The gate is a developer's tool and may have more."""
    if source.module.startswith("contracts.") and source.module != "contracts.compatibility":
        for alias, module in imported(source.tree):
            if module.partition(".")[0] not in CONTRACTS_MAY_IMPORT and not _standard(module):
                yield f"{source.at(alias)} imports {module} in contracts"


def _is_request(function: ast.expr) -> bool:
    """Whether it is a method of something called request."""
    match function:
        case ast.Attribute(value=ast.Name(id=name)) | ast.Attribute(value=ast.Attribute(attr=name)):
            return name in {"request", "_request"}
        case _:
            return False


def _names_told(call: ast.Call) -> Iterator[str]:
    """The event and the field names of a log call; the name and the labels of a metric."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="log" | "logger" | "_log"), attr=method) if method in LOG_METHODS:
            yield from (keyword.arg for keyword in call.keywords if keyword.arg is not None)
            yield from _texts(call.args[:1])
        case ast.Name(id=name) if name in METRICS:
            yield from _texts([*call.args[:1], *call.args[2:]])
            yield from _texts([keyword.value for keyword in call.keywords if keyword.arg in {"name", "labelnames"}])
        case _:
            return


def _texts(parts: list[ast.expr]) -> Iterator[str]:
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
