"""The code keeps the house rules, and each rule would notice its breach."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import pytest
from architecture import dead_code, rules, texts
from architecture.sources import CODE, ROOT, Source, python, tracked

Rule: TypeAlias = Callable[[Source], Iterator[str]]

SOURCES = python(*CODE)
TESTS = python("tests")

OF_CODE: tuple[Rule, ...] = (
    rules.commits,
    rules.base_http_middleware,
    rules.request_read_while_streaming,
    rules.vague_module_name,
    rules.long_file,
    rules.long_function,
    rules.full_init,
    rules.no_promise,
    rules.handler_calls_out,
    rules.dumps_of_model_dump,
    rules.personal_names,
    rules.unfinished,
    rules.swallowed,
    rules.impure_domain,
    rules.greedy_contracts,
)
OF_TESTS: tuple[Rule, ...] = (
    rules.vague_module_name,
    rules.long_file,
    rules.long_function,
    rules.full_init,
    rules.unfinished,
    rules.swallowed,
    rules.sleeping_test,
    rules.skipped_test,
    rules.mocking_test,
)

# Looked up by name from outside: pydantic and Alembic hooks, and the surface promised to later services.
ALIVE = frozenset({"main", "upgrade", "downgrade", "model_config"})


def must_be_empty(found: Iterable[str]) -> None:
    """Fails with every violation, a line each."""
    if lines := list(found):
        pytest.fail("\n".join(lines), pytrace=False)


def violations(rule: Rule, sources: list[Source]) -> Iterator[str]:
    return (line for source in sources for line in rule(source))


@pytest.mark.parametrize("rule", OF_CODE, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    must_be_empty(violations(rule, SOURCES))


@pytest.mark.parametrize("rule", OF_TESTS, ids=lambda rule: rule.__name__)
def test_the_tests_keep_the_rule(rule: Rule) -> None:
    must_be_empty(violations(rule, TESTS))


def test_no_function_or_class_is_dead() -> None:
    must_be_empty(dead_code.dead(SOURCES, [*SOURCES, *TESTS], ALIVE))


def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    found: list[str] = []
    for path in tracked():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:8192]:  # text
            found += texts.forbidden(path, raw.decode(errors="replace"))
    must_be_empty(found)


ROUTES = "services/intake/src/intake/api/referrals.py"
COMMANDS = "services/intake/src/intake/commands.py"
TEST = "tests/unit/intake/test_grading.py"
STREAM = """
async def lines(request):
    async for chunk in request.stream():
        yield chunk

async def indirectly(request):
    async for line in lines(request):
        yield line

async def post(request):
    return StreamingResponse({source})
"""


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.commits, COMMANDS, "async def f(connection):\n    await connection.commit()\n"),
        (rules.commits, rules.COMMIT, "a.commit()\nb.commit()\n"),
        (rules.base_http_middleware, ROUTES, "from starlette.middleware.base import BaseHTTPMiddleware\n"),
        (rules.base_http_middleware, ROUTES, "class M(base.x, BaseHTTPMiddleware): ...\n"),
        (rules.request_read_while_streaming, ROUTES, STREAM.format(source="lines(request)")),
        (rules.request_read_while_streaming, ROUTES, STREAM.format(source="content=indirectly(request)")),
        (rules.request_read_while_streaming, ROUTES, STREAM.format(source="(c async for c in request.stream())")),
        (rules.vague_module_name, "services/intake/src/intake/utils.py", ""),
        (rules.vague_module_name, "services/intake/src/intake/helpers/dates.py", ""),
        (rules.long_file, COMMANDS, "\n" * 401),
        (rules.long_function, COMMANDS, "def f():\n" + "    x = 1\n" * 50),
        (rules.full_init, "services/intake/src/intake/__init__.py", "from intake import commands\n"),
        (rules.no_promise, COMMANDS, "x = 1\n"),
        (rules.no_promise, "services/intake/src/intake/__main__.py", "x = 1\n"),
        (rules.handler_calls_out, "services/intake/src/intake/handlers.py", "import httpx\n"),
        (rules.handler_calls_out, "services/intake/src/intake/handlers/suspects.py", "from httpx import get\n"),
        (rules.dumps_of_model_dump, COMMANDS, "json.dumps(event.model_dump())\n"),
        (rules.dumps_of_model_dump, COMMANDS, "orjson.dumps([e.model_dump(mode='json') for e in events])\n"),
        (rules.personal_names, COMMANDS, "log.info('capture.refused', ip=capture.ip)\n"),
        (rules.personal_names, COMMANDS, "log.warning('email.bounced')\n"),
        (rules.personal_names, COMMANDS, "C = Counter('requests', 'Requests.', ['client_ip'])\n"),
        (rules.unfinished, COMMANDS, "x = 1  # TO" + "DO later\n"),
        (rules.unfinished, COMMANDS, "raise NotImplementedError\n"),
        (rules.swallowed, COMMANDS, "try:\n    f()\nexcept Exception:\n    pass\n"),
        (rules.swallowed, COMMANDS, "try:\n    f()\nexcept:\n    pass\n"),
        (rules.sleeping_test, TEST, "await asyncio.sleep(1)\n"),
        (rules.skipped_test, TEST, "@pytest.mark.skipif(True)\ndef test_x(): ...\n"),
        (rules.skipped_test, TEST, "pytest.skip('no')\n"),
        (rules.mocking_test, TEST, "from unittest.mock import patch\n"),
        (rules.impure_domain, "services/intake/src/intake/domain/grading.py", "import pydantic\n"),
        (rules.impure_domain, "services/intake/src/intake/domain/grading.py", "from kit.time import Clock\n"),
        (rules.impure_domain, "services/intake/src/intake/domain/grading.py", "from intake import store\n"),
        (rules.greedy_contracts, "shared/contracts/src/contracts/envelope.py", "import httpx\n"),
    ],
)
def test_a_breach_is_noticed(rule: Rule, path: str, text: str) -> None:
    assert len(list(rule(Source(path=path, text=text)))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.commits, rules.COMMIT, "a.commit()\n"),
        (rules.request_read_while_streaming, ROUTES, STREAM.format(source="rows(tx)")),
        (rules.long_function, COMMANDS, 'def f():\n    """Says\n' + "    much\n" * 60 + '    """\n    return 1\n'),
        (rules.no_promise, "services/intake/src/intake/__init__.py", ""),
        (rules.handler_calls_out, "services/intake/src/intake/jobs.py", "import httpx\n"),
        (rules.dumps_of_model_dump, COMMANDS, "json.dumps(event.title)\n"),
        (rules.personal_names, COMMANDS, "log.info('referral.received', referral=number, entries=3)\n"),
        (
            rules.impure_domain,
            "services/intake/src/intake/domain/grading.py",
            "import re\nfrom intake.domain import x\nfrom kit.values import value\n",
        ),
        (rules.greedy_contracts, "shared/contracts/src/contracts/compatibility.py", "import jsonsubschema\n"),
    ],
)
def test_what_is_allowed_passes(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path=path, text=text))) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def used(): ...\ndef unused(): ...\nused()\n", ["unused"]),
        ("class Unused:\n    def also(self): ...\n", ["Unused", "also"]),
        ("from m import unused\ndef unused(): ...\n", ["unused"]),
        ("@router.get('/x')\nasync def route(): ...\n", []),
        ("@dataclass(frozen=True)\nclass Unused: ...\n", ["Unused"]),
        ("class L(ConsumerRebalanceListener):\n    def on_revoked(self): ...\nL()\n", []),
        (
            "class P(Protocol):\n    def unused(self): ...\nclass Q(P):\n    def never(self): ...\nQ()\n",
            ["unused", "never"],
        ),
        ("def main(): ...\n", []),
    ],
)
def test_dead_code_is_noticed(text: str, names: list[str]) -> None:
    source = Source(path=COMMANDS, text=text)
    assert [line.split()[1] for line in dead_code.dead([source], [source], ALIVE)] == names


@pytest.mark.parametrize(
    "line",
    [
        "path = '/" + "work/main'",
        "cd /" + "root/project",
        "open('/" + "tmp/x')",
        "/" + "home/alex/code",
        "pip install --index" + "-url x",
        "https://index.example.org" + "/simple" + "/",
        "https://files.python" + "hosted.org/packages/x.whl",
        "https://repo." + "maven.example/x",
        "https://host/artifact" + "ory/x",
    ],
)
def test_a_machine_or_an_index_is_noticed(line: str) -> None:
    assert list(texts.forbidden("file", line))


@pytest.mark.parametrize(
    "line",
    ["/v1/referrals", "GET /health/live", "../shared/home/x", "http://maven.apache.org/POM/4.0.0", "./tmp/x"],
)
def test_an_innocent_line_passes(line: str) -> None:
    assert list(texts.forbidden("file", line)) == []
