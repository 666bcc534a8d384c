"""Whatever is handed in gets an answer that names the rule; no body makes the door fail."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from sandbox.generator import native

SEED = 20261122
ANSWERED = {201, 409, 413, 415, 422}
NUL, ESCAPED, WIDE, LONG = "\x00", "\x01" * 512, "😀" * 4000, "x" * 500_000
TIME = "2026-11-20T10:00:00Z"
HASH_AND_DEVICE = {"hashes": [{"algorithm": NUL, "value": NUL}], "devices": [{"value": NUL}]}


def suspect(**more: Any) -> dict[str, Any]:
    return {"reference": "S-1", "captures": [{"ip": "24.48.0.1", "time": TIME}], **more}


def a_file(*suspects: Any, **more: Any) -> bytes:
    told = {"incident": {"type": "csaem"}, "suspects": list(suspects), **more}
    return json.dumps(told).encode()


def report(inside: str, summary: str = "") -> bytes:
    return f"<report><incidentSummary>{summary}</incidentSummary>{inside}</report>".encode()


def person(inside: str) -> bytes:
    return report(f"<personOrUserReported>{inside}</personOrUserReported>")


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def json_bodies() -> Iterator[bytes]:
    yield a_file(
        suspect(name=NUL, account={"service": NUL, "id": NUL}, citizenship=NUL, phones=[NUL], **HASH_AND_DEVICE)
    )
    yield a_file(suspect(captures=[{"ip": NUL, "time": NUL, "zone": NUL}], stated_location={"municipality": NUL}))
    yield a_file(suspect(civic_addresses=[{"street": NUL, "country": "CA", "province": NUL, "postal_code": NUL}]))
    yield a_file(suspect(identifiers=[{"kind": "url", "value": f"http://a{NUL}b/"}], handling={"note": NUL}))
    yield a_file(suspect(reference=NUL))
    yield a_file(suspect(), reference=NUL)
    yield a_file(suspect(), incident={"type": NUL, "occurred_at": NUL, "platform": NUL, "summary": NUL})
    yield a_file(suspect(), foreign_authority={"country": NUL, "case_number": NUL}, legal_process=[{"kind": NUL}])
    yield a_file(suspect(), foreign_authority={"country": "NL", "agency": NUL})
    yield a_file(suspect(), cross_references=[{"system": NUL, "number": NUL}])
    yield b'{"suspects":[{"name":"\\ud800"}]}'
    yield b'{"suspects":[{"reference":"\xff\xfe"}]}'
    yield b"\xef\xbb\xbf" + a_file(suspect())
    for number in (b"NaN", b"1e999", b"9" * 5000, b"-1", b"1.5"):
        yield b'{"suspects":[{"captures":[{"ip":"24.48.0.1","port":' + number + b"}]}]}"
        yield b'{"suspects":[{}],"version":' + number + b"}"
    for version in (0, -1, 2**31, 2**63, 2**31 - 1):
        yield a_file(suspect(), version=version)
    yield a_file(suspect(), deep=nested(300))
    yield a_file(suspect(), {"reference": "S-2", "deep": nested(300)})
    yield a_file(suspect(phones=["+14165550100", nested(300)]))
    yield b'{"suspects":' + b"[" * 100_000
    yield from (b"[]", b"null", b'{"suspects":null,"victims":null}', b'{"suspects":[null,1,"x",[],{},true]}')
    yield b'{"suspects":[{"captures":{},"phones":null,"devices":1}]}'
    yield a_file(suspect(name=LONG, captures=[{"ip": "1" * 100_000}]))
    yield a_file(suspect(reference="😀" * 255), reference="😀" * 255)
    wide = [{"kind": "username", "value": WIDE + str(number)} for number in range(150)]
    yield a_file(suspect(identifiers=wide))
    head = {
        "name": ESCAPED,
        "account": {"service": ESCAPED, "id": ESCAPED},
        "stated_location": {"municipality": ESCAPED},
    }
    yield a_file(suspect(identifiers=wide, **head))
    yield a_file(*(suspect(reference=f"S-{number}") for number in range(10_000)))
    yield a_file(suspect(), *({"bad": number} for number in range(10_000)))


def xml_bodies() -> Iterator[bytes]:
    yield report("".join(f"<x{number}/>" for number in range(100_000)))
    yield person("<x/>" * 100_000)
    yield b"<?a b?><?c d?>" + report("<?x y?><!-- z --><personOrUserReported><?x?></personOrUserReported>")
    yield b'<n:report xmlns:n="urn:n" xmlns="x"><n:incidentSummary/><personOrUserReported/></n:report>'
    yield b'<report xmlns="a b"><incidentSummary/><personOrUserReported xmlns:q="../z" q:a="1"/></report>'
    yield b"<q:report><incidentSummary/></q:report>"
    yield person(f"<person><firstName>{LONG}</firstName><address><city>{LONG}</city></address></person>")
    yield person(f"<espService>{LONG}</espService><espIdentifier>{LONG}</espIdentifier><screenName>{LONG}</screenName>")
    yield person(f"<deviceId><idType>{LONG}</idType><idValue>{LONG}</idValue></deviceId>")
    padded = f"<ipAddress>{' ' * 500_000}24.48.0.1</ipAddress><dateTime>{' ' * 500_000}{TIME}</dateTime>"
    yield person(f"<ipCaptureEvent>{padded}</ipCaptureEvent><estimatedLocation><city>{LONG}</city></estimatedLocation>")
    yield report("<victim/>", f"<incidentType>{LONG}</incidentType><platform>{LONG}</platform>")
    yield report("<a>" * 5000 + "</a>" * 5000)
    yield report(f"<{'x' * 40_000}/>")
    yield person("&#1;")
    yield person("<screenName>a&#x9f;&#x85;b</screenName><screenName><![CDATA[a<b]]></screenName>")
    yield report("<victim>") + b"\xff\xfe</victim></report>"
    yield b'<?xml version="1.0" encoding="ISO-8859-1"?>' + report("<victim/>") + b"\xe9"
    yield from (b"<!-- -->", b"<report/>", b"<report>&x;</report>", b"<", b"<?xml?>")
    yield report("<personOrUserReported><screenName>x</screenName></personOrUserReported>" * 10_000)


def exchanged(seed: random.Random) -> Iterator[bytes]:
    """A good file with some of its values exchanged for others that a sender's bug may write."""
    odd = [None, 0, -1, 1.5, 2**63, "", " ", NUL, "\u202e", "😀", [], {}, [[]], {"a": None}, True, "x" * 5000, "N/A"]
    good = native.native_file("NL-1", suspects=[native.suspect("S-1", account={"service": "chat", "id": "u1"})])
    for number in range(150):
        document = json.loads(good)
        document["reference"] = f"NL-{number}"
        for _ in range(seed.randint(1, 4)):
            _exchange(document, odd, seed)
        yield json.dumps(document).encode()


def _exchange(document: Any, odd: list[Any], seed: random.Random) -> None:
    at = document
    while at:
        place = seed.choice(list(at) if isinstance(at, dict) else list(range(len(at))))
        if not isinstance(at[place], dict | list) or seed.random() < 0.2:
            at[place] = copy.deepcopy(seed.choice(odd))
            return
        at = at[place]


def broken(seed: random.Random) -> Iterator[tuple[bytes, str]]:
    """Good bodies with some bytes flipped, or cut."""
    capture = f"<ipCaptureEvent><ipAddress>24.48.0.1</ipAddress><dateTime>{TIME}</dateTime></ipCaptureEvent>"
    good = (person(capture), "application/xml"), (a_file(suspect()), "application/json")
    for body, kind in good * 100:
        flipped = bytearray(body)
        for _ in range(seed.randint(1, 3)):
            flipped[seed.randrange(len(flipped))] = seed.randrange(256)
        yield bytes(flipped[: seed.randrange(len(flipped))] if seed.random() < 0.2 else flipped), kind


async def test_no_json_makes_the_door_fail(partner: Any) -> None:
    for body in json_bodies():
        answer = await partner.post(body)
        assert answer.status_code in ANSWERED, (body[:200], answer.text)


async def test_no_xml_makes_the_door_fail(partner: Any) -> None:
    for body in xml_bodies():
        answer = await partner.post(body, "application/xml")
        assert answer.status_code in ANSWERED, (body[:200], answer.text)


async def test_no_exchanged_value_makes_the_door_fail(partner: Any) -> None:
    for body in exchanged(random.Random(SEED)):
        answer = await partner.post(body)
        assert answer.status_code in ANSWERED, (body, answer.text)


async def test_no_cut_or_flipped_byte_makes_the_door_fail(partner: Any) -> None:
    for body, kind in broken(random.Random(SEED)):
        answer = await partner.post(body, kind)
        assert answer.status_code in ANSWERED, (body, answer.text)
