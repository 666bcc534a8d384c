"""URLs of ordinary roles follow from the superuser's, by socket and by TCP."""

import pytest

from interlink.stack.bootstrap import database_url, role_url

SOCKET = "postgresql://postgres@/postgres?host=/run/pg"
TCP = "postgresql://root:s3cret@db.example.org:5433/postgres?sslmode=verify-full"


@pytest.mark.parametrize(
    ("admin", "expected"),
    [
        (SOCKET, "postgresql://intake_api:word@/interlink?host=/run/pg"),
        (TCP, "postgresql://intake_api:word@db.example.org:5433/interlink?sslmode=verify-full"),
    ],
)
def test_a_role_logs_in_where_the_superuser_does(admin: str, expected: str) -> None:
    assert role_url(admin, "intake_api", "word") == expected


def test_a_password_is_quoted() -> None:
    assert role_url(TCP, "intake_api", "p@ss/word") == (
        "postgresql://intake_api:p%40ss%2Fword@db.example.org:5433/interlink?sslmode=verify-full"
    )


def test_the_superuser_keeps_its_login_in_another_database() -> None:
    assert database_url(TCP, "interlink") == (
        "postgresql://root:s3cret@db.example.org:5433/interlink?sslmode=verify-full"
    )
    assert database_url(SOCKET) == "postgresql://postgres@/interlink?host=/run/pg"
