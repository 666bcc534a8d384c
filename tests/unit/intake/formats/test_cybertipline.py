"""CyberTipline XML as real clients send it: nothing is repaired, nothing is dropped in silence."""

import base64
from typing import Any

import pytest

from intake.domain.grading import Grade
from intake.domain.offences import OffenceType
from intake.domain.priority import Priority, Signal
from intake.domain.referral import Naming, Role, Submission
from kit.errors import Rejected
from sandbox.generator.cybertipline import Dress, IpCapture, Location, Reported, ReportText, cybertipline_report

SUMMARY = (
    "<incidentSummary><incidentType>Online Enticement of Children for Sexual Acts</incidentType>"
    "<incidentDateTime>2026-11-03T21:14:05Z</incidentDateTime>{more}</incidentSummary>"
)
IP = "24.48.0.1"


def report(people: str = "", *, more: str = "", rest: str = "") -> bytes:
    return f"<report>{SUMMARY.format(more=more)}{rest}{people}</report>".encode()


def person(inner: str) -> str:
    return f"<personOrUserReported>{inner}</personOrUserReported>"


def capture(inner: str) -> str:
    return f"<ipCaptureEvent><ipAddress>{IP}</ipAddress>{inner}</ipCaptureEvent>"


def codes(submission: Submission) -> list[str]:
    return [verdict.code for verdict in submission.verdicts]


def xml(read: Any, body: bytes, **headers: Any) -> Submission:
    return read(body, "text/xml", **headers)


def test_a_report_of_the_generator_becomes_one_suspect(read: Any) -> None:
    text = ReportText(
        reported=Reported(
            account="000123456",
            screen_name="neutral_fox",
            first_name="Robin",
            last_name="Example",
            email="robin@example.com",
            phone="+14165550101",
            captures=[IpCapture(ip=IP, port=443), IpCapture(ip="2001:4958::1", possible_proxy="")],
            location=Location(city="Guelph", region="ON", country="CA", verified=True),
        ),
        victims=[Reported(account="c1", location=Location(country="CA"))],
        recipients=[Reported(account="r1")],
        dress=Dress(declaration=False, schema_hint=True, blank_annotations=True),
    )
    submission = xml(read, cybertipline_report(text), reference="CT-1")
    suspect, victim, recipient = submission.entries
    assert (suspect.reference, suspect.naming) == ("chat.example.com/000123456", Naming.ACCOUNT)
    assert suspect.account is not None
    assert suspect.account.id == "000123456"  # digits are text
    assert suspect.name == "Robin Example"
    assert [(one.grade, one.possible_proxy) for one in suspect.captures] == [(Grade.A, False), (Grade.A, True)]
    assert {(one.kind, one.normalised) for one in suspect.identifiers} == {
        ("username", "neutral_fox"),
        ("email", "robin@example.com"),
        ("phone", "+14165550101"),
    }
    assert suspect.stated_location is not None
    assert (suspect.stated_location.province, suspect.stated_location.verified) == ("CA-ON", True)
    assert (victim.role, recipient.role) == (Role.VICTIM, Role.INTENDED_RECIPIENT)
    assert (submission.reference, submission.version) == ("CT-1", 1)
    assert submission.incident.offence is OffenceType.CSAEM
    assert set(codes(submission)) == {"entry.reference_from_account"}


@pytest.mark.parametrize(
    ("time", "grade"),
    [
        ("2026-11-03T21:14:05Z", Grade.B),
        ("2026-11-03T21:14:05.123456789+02:00", Grade.B),
        ("\n  2026-11-03T21:14:05-05:00  ", Grade.B),
        ("2026-11-03T21:14:05", Grade.C),
        ("0001-01-01T00:00:00Z", Grade.X),
    ],
)
def test_times_come_in_many_forms(read: Any, time: str, grade: Grade) -> None:
    body = report(person(capture(f"<eventName>Login</eventName><dateTime>{time}</dateTime>")))
    [entry] = xml(read, body).entries
    assert entry.captures[0].grade is grade
    assert entry.captures[0].raw_time == time


def test_a_time_copied_from_the_incident_is_graded_c_at_best(read: Any) -> None:
    same = "<eventName>Unknown</eventName><dateTime>2026-11-03T21:14:05Z</dateTime><port>443</port>"
    submission = xml(read, report(person(capture(same))))
    assert submission.entries[0].captures[0].grade is Grade.C
    assert "capture.time_invented" in codes(submission)


@pytest.mark.parametrize("port", ["0", "70000", "https", "-1"])
def test_a_port_that_is_none_is_warned_of(read: Any, port: str) -> None:
    submission = xml(read, report(person(capture(f"<dateTime>2026-11-03T21:14:05Z</dateTime><port>{port}</port>"))))
    assert submission.entries[0].captures[0].port is None
    assert "capture.port_out_of_range" in codes(submission)


def test_an_address_that_is_none_rejects_the_capture_alone(read: Any) -> None:
    bad = "<ipCaptureEvent><ipAddress>1.2.3</ipAddress></ipCaptureEvent>"
    submission = xml(read, report(person("<espIdentifier>u</espIdentifier>" + bad)))
    assert submission.items.rejected == 1
    assert submission.verdicts[0].pointer == "/report/personOrUserReported[1]/ipCaptureEvent[1]"
    assert len(submission.entries) == 1


@pytest.mark.parametrize(
    ("flags", "signals", "code"),
    [
        ("<escalateToHighPriority>child at risk</escalateToHighPriority>", {Signal.ESCALATED}, None),
        ("<escalateToHighPriority/>", set(), "xml.blank_escalation"),
        ("<escalateToHighPriority>  </escalateToHighPriority>", set(), "xml.blank_escalation"),
        ("<reportAnnotations><sadisticOnlineExploitation/></reportAnnotations>", {Signal.SADISTIC}, None),
        (
            "<reportAnnotations><sadisticOnlineExploitation>false</sadisticOnlineExploitation></reportAnnotations>",
            set(),
            None,
        ),
        ("<reportAnnotations/>", set(), None),
    ],
)
def test_only_a_reason_escalates_and_flags_have_three_spellings(
    read: Any, flags: str, signals: set[Signal], code: str | None
) -> None:
    submission = xml(read, report(person("<espIdentifier>u</espIdentifier>"), more=flags))
    assert submission.entries[0].signals == signals
    assert (code in codes(submission)) == (code is not None)


@pytest.mark.parametrize("flag", ["<sextortion/>", "<sextortion>true</sextortion>", "<sextortion>1</sextortion>"])
def test_enticement_with_the_flag_is_sexual_extortion(read: Any, flag: str) -> None:
    annotations = f"<reportAnnotations>{flag}</reportAnnotations>"
    submission = xml(read, report(person("<espIdentifier>u</espIdentifier>"), more=annotations))
    assert submission.incident.offence is OffenceType.SEXUAL_EXTORTION


def test_a_report_that_names_nobody_is_read_and_says_so(read: Any) -> None:
    submission = xml(read, report())
    assert submission.names_nobody
    assert codes(submission) == ["file.names_nobody"]
    assert len(submission.reference) == 64


def test_captures_outside_any_person_belong_to_the_only_one_or_stand_alone(read: Any) -> None:
    loose = (
        "<internetDetails><peer2peerIncident>"
        + capture("<dateTime>2026-11-03T21:14:05Z</dateTime><port>6881</port>")
        + "</peer2peerIncident></internetDetails>"
    )
    one = xml(read, report(person("<espIdentifier>u</espIdentifier>"), rest=loose))
    assert one.entries[0].captures[0].item == "/report/internetDetails[1]/peer2peerIncident[1]/ipCaptureEvent[1]"
    nobody = xml(read, report(rest=loose))
    assert [(entry.role, entry.reference) for entry in nobody.entries] == [(Role.SUSPECT, "captures")]
    assert "xml.captures_without_person" in codes(nobody)
    two = xml(read, report(person("<espIdentifier>u</espIdentifier>") * 2, rest=loose))
    assert all(not entry.captures for entry in two.entries)
    assert "xml.captures_of_several" in codes(two)
    unreadable = xml(read, report(rest=loose.replace(IP, "x")))
    assert unreadable.names_nobody


def test_captures_and_marks_of_files_count(read: Any) -> None:
    files = (
        "<fileDetails><fileAnnotations><liveStreaming/><infant>true</infant></fileAnnotations>"
        + capture("<dateTime>2026-11-03T21:14:05Z</dateTime>")
        + "</fileDetails>"
    )
    [entry] = xml(read, report(person("<espIdentifier>u</espIdentifier>"), rest=files)).entries
    assert len(entry.captures) == 1
    assert entry.signals == {Signal.LIVE_STREAMED, Signal.INFANT}


def test_an_associated_account_is_the_same_person_unless_it_is_a_guardians(read: Any) -> None:
    own = (
        '<associatedAccount accountType="Linked"><espIdentifier>linked</espIdentifier>'
        + capture("<dateTime>2026-11-03T21:14:05Z</dateTime>")
        + "<priorCTReport>1</priorCTReport></associatedAccount>"
    )
    other = '<associatedAccount type="Parent/Guardian"><espIdentifier>parent</espIdentifier></associatedAccount>'
    submission = xml(read, report(person("<espIdentifier>u</espIdentifier>" + own + other)))
    [entry] = submission.entries
    assert [(one.kind, one.value) for one in entry.identifiers] == [("account", "linked")]
    assert len(entry.captures) == 1
    assert "entry.related_person" in codes(submission)


def test_what_bears_on_urgency_and_doubt_is_noticed(read: Any) -> None:
    inner = (
        "<espIdentifier>u</espIdentifier><compromisedAccount/><thirdPartyUserReported>true</thirdPartyUserReported>"
        "<priorCTReports>12345</priorCTReports>"
        '<accountPermanentlyDisabled userNotified="true"/>'
    )
    submission = xml(read, report(person(inner)))
    assert submission.entries[0].signals == {Signal.REPEAT_SUBJECT, Signal.TOLD_BY_PROVIDER}
    assert {"entry.account_compromised", "entry.reported_by_third_party"} <= set(codes(submission))


def test_addresses_keep_their_meaning(read: Any) -> None:
    inner = (
        "<personOrUserReportedPerson>"
        '<address type="Billing"><city>Los Angeles</city><state>CA</state></address>'
        "<address><city>Guelph</city><nonUsaState>Ontario</nonUsaState><country>CA</country>"
        "<zipCode>N1H3A1</zipCode></address>"
        "<address><city>Pristina</city><country>XK</country></address>"
        "<address/>"
        "</personOrUserReportedPerson>"
    )
    submission = xml(read, report(person(inner)))
    [entry] = submission.entries
    assert [(one.province, one.country, one.kind) for one in entry.civic_addresses] == [
        ("US-CA", "US", "billing"),
        ("CA-ON", "CA", "other"),
        (None, None, "other"),
    ]
    assert {"address.country_unreadable", "item.empty"} <= set(codes(submission))


def test_a_victims_school_is_a_place(read: Any) -> None:
    child = "<victim><victimPerson><firstName>A</firstName></victimPerson><schoolName>North</schoolName></victim>"
    [entry] = xml(read, report(child)).entries
    assert [(one.kind, one.street) for one in entry.civic_addresses] == [("school", "North")]


def test_phones_are_put_together_and_devices_read(read: Any) -> None:
    inner = (
        '<personOrUserReportedPerson><phone countryCallingCode="+31">6 1234 5678</phone><phone/><email/>'
        '<email verified="true" verificationDate="2026-11-01T00:00:00Z">a@example.org</email>'
        "</personOrUserReportedPerson><screenName/><displayName>Fox</displayName>"
        "<profileUrl>https://chat.example.com/fox</profileUrl>"
        "<deviceId><idType>IMEI</idType><idValue>35-1</idValue></deviceId><deviceId><idType>IMEI</idType></deviceId>"
    )
    submission = xml(read, report(person(inner)))
    [entry] = submission.entries
    assert [(one.kind, one.normalised) for one in entry.identifiers] == [
        ("username", "fox"),
        ("url", "https://chat.example.com/fox"),
        ("device", "35-1"),
        ("email", "a@example.org"),
        ("phone", "+31612345678"),
    ]
    assert entry.identifiers[3].verified_at is not None
    assert submission.items.rejected == 1


def test_unknown_elements_are_kept_and_named_once(read: Any) -> None:
    inner = "<espIdentifier>u</espIdentifier><instrumentalUse/><instrumentalUse/>"
    submission = xml(read, report(person(inner), rest="<informational>true</informational>"))
    told = [verdict.pointer for verdict in submission.verdicts if verdict.code == "xml.unknown_element"]
    assert told == ["/report/informational", "/report/personOrUserReported[1]/instrumentalUse"]


def test_a_bundle_is_one_incident(read: Any) -> None:
    batch = '<batchedReport reason="VIRAL_POTENTIAL_MEME"/>'
    submission = xml(read, report(person("<espIdentifier>u</espIdentifier>") * 3, rest=batch))
    assert submission.viral
    assert len(submission.entries) == 3


def test_a_misspelt_incident_type_is_other_harm_and_said_so(read: Any) -> None:
    body = report(person("<espIdentifier>u</espIdentifier>"))
    submission = xml(read, body.replace(b"Online", b"Onlin"))
    assert submission.incident.offence is OffenceType.OTHER_ONLINE_HARM
    assert "file.unknown_offence" in codes(submission)
    missing = xml(read, body.replace(b"Online Enticement of Children for Sexual Acts", b""))
    assert "file.no_offence" in codes(missing)


def test_the_urgency_of_the_header_is_taken(read: Any) -> None:
    assert xml(read, report(), urgency="P0").urgency is Priority.P0


BOMB = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><report>&b;</report>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "xml.doctype"),
        (b'<!-- x --><!DOCTYPE report SYSTEM "https://example.org/x.dtd"><report/>', "xml.doctype"),
        (b"\xef\xbb\xbf\n<!DOCTYPE report><report/>", "xml.doctype"),
        (b"<report><a></report>", "body.malformed"),
        (b"<report>a & b</report>", "body.malformed"),
        (b"<report>&undefined;</report>", "body.malformed"),
        (b"<fileDetails/>", "xml.root"),
        (b"<report/>", "xml.no_incident"),
        (b'<?xml version="1.0" encoding="UTF-7"?><report/>', "body.charset"),
        ("<report/>".encode("utf-16"), "body.charset"),
        (b"<report>" * 300 + b"</report>" * 300, "body.malformed"),
    ],
)
def test_a_hostile_or_broken_document_is_refused(read: Any, body: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        xml(read, body)
    assert refused.value.code == code
    if code == "body.malformed":
        assert "line 1, column" in refused.value.detail


def test_media_inside_an_element_is_refused_and_a_hash_is_not(read: Any) -> None:
    encoded = base64.b64encode(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(120)).decode()
    for inner in (
        f"<additionalInfo>{encoded}</additionalInfo>",
        f'<profileBio note="{encoded}"/>',
        f"<profileBio/>{encoded}",
        f"<additionalInfo>{encoded.replace('/', '&#47;')}</additionalInfo>",
    ):
        with pytest.raises(Rejected) as refused:
            xml(read, report(person(inner)))
        assert (refused.value.status, refused.value.code) == (422, "media.embedded")
        assert refused.value.errors[0].pointer.startswith("/report/personOrUserReported")
    hashes = (
        f'<fileDetails><originalFileHash hashType="PhotoDNA">{encoded}</originalFileHash>'
        f"<details><nameValuePair><name>PhotoDNA</name><value>{encoded}</value></nameValuePair>"
        "<type>HASH</type></details></fileDetails>"
    )
    assert xml(read, report(person("<espIdentifier>u</espIdentifier>"), rest=hashes)).entries


def test_two_spellings_of_one_report_have_one_content(read: Any) -> None:
    plain = report(person("<espIdentifier>u</espIdentifier>"))
    spelt = b'<?xml version="1.0" encoding="UTF-8"?>\n' + plain.replace(b"><", b">\n  <")
    assert xml(read, plain).content == xml(read, spelt).content


def test_texts_longer_than_an_event_could_carry_are_left_out_and_said(read: Any) -> None:
    long = "x" * 600
    submission = xml(
        read,
        report(
            person(
                f"<person><firstName>{long}</firstName>"
                f"<address><city>{long}</city><country>CA</country></address></person>"
                f"<espService>chat.example.com</espService><espIdentifier>{long}</espIdentifier>"
                f"<screenName>{'y' * 5000}</screenName><screenName>neutral_fox</screenName>"
                f"<estimatedLocation><city>{long}</city><countryCode>CA</countryCode></estimatedLocation>"
                + capture(f"<dateTime>2026-11-03T21:14:05Z</dateTime><eventName>{long}</eventName>")
            )
        ),
    )
    [entry] = submission.entries
    assert [one.value for one in entry.identifiers] == ["neutral_fox"]
    assert (entry.name, entry.captures, entry.civic_addresses, entry.stated_location) == (None, (), (), None)
    assert entry.account is not None
    assert (entry.account.service, entry.account.id) == ("chat.example.com", None)
    assert (
        sorted(codes(submission))[:6]
        == ["entry.reference_from_position"] + ["entry.text_too_long"] * 3 + ["item.too_long"] * 2
    )
    assert (submission.items.accepted, submission.items.rejected) == (1, 3)
