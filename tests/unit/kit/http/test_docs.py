"""The API as a page: complete, without a script, and without anything from elsewhere."""

import re
from html.parser import HTMLParser

from unit.kit.http.door import Door

from kit.http.docs import page


class Tags(HTMLParser):
    """Names of the tags and every address a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]


async def test_the_page_names_every_operation_and_loads_nothing(opened: Door) -> None:
    answer = await opened.client.get("/docs")
    document = (await opened.client.get("/openapi.json")).json()
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path in document["paths"]:
        assert f">{path}<" in answer.text
    tags = Tags()
    tags.feed(answer.text)
    assert not tags.names & {"script", "link", "img", "iframe", "form"}
    assert all(re.match("#|/openapi.json$", address) for address in tags.addresses)


def test_what_a_document_says_is_text_and_never_markup() -> None:
    operation = {"summary": "<script>x</script>", "responses": {"200": {"description": "<b>"}}}
    made = page({"info": {"title": "a<b", "version": "1"}, "paths": {"/v1/x": {"get": operation}}})
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert "a&lt;b" in made
