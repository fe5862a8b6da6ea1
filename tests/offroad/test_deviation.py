"""What a deviation may say, and that each fault names its file and line."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import jsonschema
import pytest

from paved_road.errors import RecordError
from paved_road.git.entries import File, Mode, TreeEntry
from paved_road.offroad import deviations, lifecycle
from paved_road.offroad.front_matter import json_schema
from paved_road.offroad.reasons import EXAMPLE, check_reason
from paved_road.road.owners import Owner
from paved_road.service.lock import Lock, Locked, Policy
from tests.offroad.world import PROSE, REASON, TODAY

BLOB = File(b"").blob
FRONT = f"""\
id: own-base-image
status: accepted # agreed in the meeting
scope:
  paths:
    - Dockerfile
kind: operational-need
reason: {REASON}
risk: medium
support: team
owner: payments
requested_by: ann@acme.example
approved_by: bo@acme.example
created: 2026-11-24
review_by: 2027-02-22
release: 1.10
fingerprint:
  Dockerfile:
    road: 100644 {BLOB}
    service: deleted
    difference: 00
"""


def lock(policy: Policy | None = None) -> Lock:
    entry = TreeEntry(mode=Mode.FILE, blob=BLOB)
    files = {path: Locked(entry=entry, owner=Owner.ROAD) for path in ("Dockerfile", "deploy/a.yaml")}
    return Lock(
        road="r", template="t", version="1", commit=None, answers_file="a", files=files, offroad=policy or Policy()
    )


def read(
    front: str = FRONT, prose: str = PROSE, *, name: str = "own-base-image.md", **more: bytes
) -> deviations.Deviations:
    contents = {name: f"---\n{front}---\n{prose}".encode()} | {f"{key}.md": value for key, value in more.items()}
    return deviations.read_deviations(contents, lock(), today=TODAY)


def refused(front: str = FRONT, prose: str = PROSE, *, name: str = "own-base-image.md", **more: bytes) -> str:
    with pytest.raises(RecordError) as caught:
        read(front, prose, name=name, **more)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_good_deviation_is_read_as_it_is_written() -> None:
    fields = read().by_slug["own-base-image"].fields
    assert fields.release == "1.10"
    assert str(fields.review_by) == "2027-02-22"
    assert fields.scope.paths == ["Dockerfile"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("risk: medium", "risk: meduim", 9, "risk must be one of low, medium, high; it is 'meduim'"),
        ("owner: payments", "ownr: payments", 11, "ownr is not a field of a deviation; did you mean owner"),
        ("review_by: 2027-02-22", "review_by: 2027-02-30", 15, "a date such as 2026-11-24; it is '2027-02-30'"),
        ("review_by: 2027-02-22", "review_by: next spring", 15, "'next spring' is not a date: write it as 2026-11-24"),
        ("review_by: 2027-02-22", "review_by: 2027-2-22T00:00:00", 15, "is not a date"),
        ("review_by: 2027-02-22", "review_by: 2026-11-23", 15, "review_by is before created"),
        ("review_by: 2027-02-22", "review_by: 2027-08-01", 15, "review_by is 250 days away; the road allows 180"),
        ("created: 2026-11-24", "created: 2026-12-24", 14, "in the future"),
        ("id: own-base-image", "id: Own Image", 2, "'Own Image' is not a slug"),
        ("id: own-base-image", "id: other", 2, "the file says 'own-base-image'"),
        ("owner: payments", "owner: [payments", 12, "is not YAML"),
        ("owner: payments", "owner: payments\nowner: others", 12, "owner is written twice"),
        ("owner: payments", "owner: &who payments\nissue: *who", 11, "anchors and aliases"),
        ("approved_by: bo@acme.example\n", "", 9, "the risk is medium, so it needs approved_by"),
        ("approved_by: bo@acme.example", "approved_by: Ann Lee <Ann@acme.example>", 13, "approved_by is the requester"),
        ("    - Dockerfile", "    - '*'", 6, "reaches over the whole service"),
        ("    - Dockerfile", "    - '**/Dockerfile'", 6, "reaches over the whole service"),
        ("    - Dockerfile", "    - '!Dockerfile'", 6, "reaches over the whole service"),
        ("    - Dockerfile", "    - ../other/Dockerfile", 6, "not a path inside the service"),
        ("    - Dockerfile", "    - Dockerfile*\n    - deploy/**", 6, "reaches over the whole service"),
        ("    - Dockerfile", "    - Dockerfile\n    - deploy/**", 4, "reaches every file that the road owns"),
        ("  paths:\n    - Dockerfile", "  paths: []", 5, "scope.paths must not be empty"),
        ("  paths:\n    - Dockerfile", "  practice: x\n  paths:\n    - Dockerfile", 4, "a deviation covers one thing"),
        ("scope:\n  paths:\n    - Dockerfile", "scope: {}", 4, "a deviation covers one thing"),
        ("status: accepted", "status: superseded", 2, "superseded_by belongs to the status superseded"),
        ("owner: payments", "owner: payments\nsuperseded_by: other", 12, "superseded_by belongs to"),
        (f"reason: {REASON}", "reason:", 8, "the reason is empty; a good one: "),
        (f"reason: {REASON}", "reason: TODO", 8, "a placeholder; a good one: "),
        ("fingerprint:\n  Dockerfile:", "links: []\nnote:\n  Dockerfile:", 2, "fingerprint is missing"),
    ],
)  # fmt: skip
def test_a_fault_names_its_file_and_line(old: str, new: str, line: int, said: str) -> None:
    assert old in FRONT
    front = FRONT.replace(old, new, 1)
    if "fingerprint is missing" in said:
        front = front[: front.index("links:")]
    message = refused(front)
    assert said in message
    assert message.startswith(f"docs/off-road/own-base-image.md:{line}: "), message


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(RecordError) as caught:
        read(FRONT.replace("risk: medium", "risk: some").replace("support: team", "support: nobody"))
    assert "risk" in caught.value.message
    assert caught.value.cause.startswith("and 1 more: docs/off-road/own-base-image.md:10: support")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n\0\0", "docs/off-road/photo.png:1: is a binary file"),
        ("x.md", b"---\nid: x\0\n---\n", "docs/off-road/x.md:1: is a binary file"),
        ("x.md", b"---\nid: x\nowner: \xff\n---\n", "docs/off-road/x.md:3: is not UTF-8"),
        ("x.md", b"# No front matter\n", "docs/off-road/x.md:1: has no front matter"),
        ("x.md", b"", "docs/off-road/x.md:1: has no front matter"),
        ("x.md", b"---\nid: x\n", "docs/off-road/x.md:1: its front matter does not end"),
        ("x.md", b"---\n- id\n---\n", "docs/off-road/x.md:2: its front matter is not fields"),
        ("x.md", b"---\n---\n", "docs/off-road/x.md:2: its front matter is not fields"),
        ("x.md", b"---\n? [a]\n: b\n---\n", "docs/off-road/x.md:2: a field's name must be a word"),
        ("x.md", b"---\nid: " + b"[" * 5000 + b"\n---\n", "docs/off-road/x.md:"),
        ("notes.txt", b"---\nid: notes\n---\n", "docs/off-road/notes.txt:1: is not a deviation"),
    ],
)
def test_what_is_no_deviation_is_refused(name: str, content: bytes, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        deviations.read_deviations({name: content}, lock(), today=TODAY)
    assert caught.value.message.startswith(said)


def test_the_argument_is_required_once_accepted() -> None:
    said = refused(prose=PROSE.replace("B.", "<!-- What is different? -->"))
    assert re.match(r"docs/off-road/own-base-image.md:\d+: the section ## Decision is empty", said)
    assert "## Way back" in refused(prose=PROSE.replace("## Way back\n\nD.", ""))
    read(FRONT.replace("status: accepted", "status: proposed"), prose="")


def test_slugs_that_clash_are_refused() -> None:
    other = f"---\n{FRONT}---\n{PROSE}".replace("id: own-base-image", "id: other").encode()
    assert "docs/off-road/other.md covers Dockerfile too" in refused(other=other)
    same = f"---\n{FRONT}---\n{PROSE}".encode()
    assert (
        refused(zzz=same) == "docs/off-road/zzz.md:2: id 'own-base-image' clashes with docs/off-road/own-base-image.md"
    )


def test_a_successor_has_to_exist() -> None:
    front = FRONT.replace("status: accepted", "status: superseded") + "superseded_by: gone\n"
    assert "superseded_by names 'gone', which does not exist" in refused(front)


@pytest.mark.parametrize(
    ("policy", "said"),
    [(Policy(longest="30d"), "the road allows 30"), (Policy(approval_from="high"), None), (Policy(), None)],
)
def test_the_road_sets_the_limits(policy: Policy, said: str | None) -> None:
    front = FRONT if said else FRONT.replace("approved_by: bo@acme.example\n", "")
    contents = {"own-base-image.md": f"---\n{front}---\n{PROSE}".encode()}
    if said or policy.approval_from == "medium":
        with pytest.raises(RecordError, match=said or "needs approved_by"):
            deviations.read_deviations(contents, lock(policy), today=TODAY)
    else:
        assert deviations.read_deviations(contents, lock(policy), today=TODAY).by_slug


def test_a_closed_deviation_is_history_and_no_limit_holds_for_it() -> None:
    front = FRONT.replace("status: accepted", "status: resolved").replace("2027-02-22", "2031-01-01")
    assert read(front, prose="").by_slug


def test_a_long_deviation_becomes_valid_with_time_and_stays_so() -> None:
    contents = {"own-base-image.md": f"---\n{FRONT}---\n{PROSE}".encode()}
    for days in (0, 89, 90, 400):
        deviations.read_deviations(contents, lock(), today=TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    "reason",
    ["TODO", "tbd", "n/a", "None.", "needed", "We need it", "as discussed", "see ticket", "Business reasons!",
     "temporary workaround", "will be fixed later", "because because because because because", "<why>", "legacy",
     "xxx", "a b", EXAMPLE, "Lorem ipsum dolor sit amet consectetur"],
)  # fmt: skip
def test_boilerplate_is_refused_with_an_example_of_a_good_reason(reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape("a good one: " + EXAMPLE)):
        check_reason(reason)


@pytest.mark.parametrize(
    "reason",
    [REASON, "Der Zahlungsverkehr läuft nur auf Servern mit zertifiziertem Linux.",
     "PCI DSS 6.2 forbids compilers in images of the card zone."],
)  # fmt: skip
def test_a_reason_that_says_something_is_taken(reason: str) -> None:
    assert check_reason(reason) == reason


def test_the_schema_takes_what_the_model_takes() -> None:
    from paved_road.offroad import document

    schema = json.loads(json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    data = document.parse(f"---\n{FRONT}---\n".encode()).data
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError, match="risk"):
        jsonschema.validate({**data, "risk": "some", "nonsense": 1}, {**schema, "additionalProperties": True})
    with pytest.raises(jsonschema.ValidationError, match="nonsense"):
        jsonschema.validate({**data, "nonsense": 1}, schema)


OLD = """\
impact: We bring updates ourselves.
mitigation: A nightly job.
links: [https://a.example]
issue: '42'
exit_plan: Soon.
"""


def test_an_old_file_keeps_what_its_fields_say() -> None:
    deviation = read(FRONT + OLD).find("own-base-image")
    facts = deviation.fields.model_dump()
    assert (facts["impact"], facts["mitigation"]) == ("We bring updates ourselves.", "A nightly job.")
    assert (facts["links"], facts["issue"], facts["exit_plan"]) == (["https://a.example"], "42", "Soon.")
    assert OLD in lifecycle.edited(deviation, {("status",): "resolved"}).decode()
    jsonschema.validate(deviation.document.data, json.loads(json_schema()))
    assert (
        json.loads(json_schema())["properties"].keys() & {"impact", "mitigation", "links", "issue", "exit_plan"}
        == set()
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("ann", "@Ann", True), ("Ann Lee <ann@a.example>", "ann@a.example", True), ("ann", "bo", False), ("", "", False)],
)
def test_one_person_has_several_names(one: str, other: str, *, same: bool) -> None:
    assert deviations.is_same_person(one, other) is same


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("scope: []", "scope must be a mapping with the keys paths, practice; it is a list"),
        ("scope: {paths: []}", "scope.paths must not be empty"),
        ("scope: {paths: Dockerfile}", "scope.paths must be a list of texts; it is 'Dockerfile'"),
        ("scope: {pahts: [a]}", "scope.pahts is not a field of a deviation; did you mean paths?"),
        ("owner: ''", "owner must not be empty"),
        ("owner: [a]", "owner must be text; it is a list"),
        ("links: [[a]]", "links.0 must be text; it is a list"),
        ("risk: [low]", "risk must be one of low, medium, high; it is a list"),
        ("created: [a]", "created must be a date such as 2026-11-24; it is a list"),
        ("fingerprint: {a: b}", "fingerprint.a must be a mapping with the keys road, service, difference; it is 'b'"),
    ],
)
def test_no_fault_is_told_in_the_words_of_a_library(field: str, said: str) -> None:
    facts = {
        "id": "x", "status": "proposed", "scope": "{paths: [a]}", "kind": "operational-need", "risk": "low",
        "support": "team", "owner": "a", "requested_by": "b", "created": "2026-01-01", "review_by": "2026-02-01",
        "release": "1.0.0",
    }  # fmt: skip
    name, value = field.split(": ", 1)
    text = "".join(f"{key}: {one}\n" for key, one in {**facts, name: value}.items())
    with pytest.raises(deviations.InvalidDeviation) as caught:
        deviations.parse_deviation("docs/off-road/x.md", f"---\n{text}---\n".encode())
    assert [fault.text for fault in caught.value.faults] == [said]


def test_the_hint_names_no_file_that_a_service_may_not_have() -> None:
    with pytest.raises(RecordError) as caught:
        deviations.raise_faults([deviations.DeviationFault(path="docs/off-road/x.md", line=1, text="is broken")])
    assert caught.value.hint == "for the fields of a deviation: paved off-road schema"
