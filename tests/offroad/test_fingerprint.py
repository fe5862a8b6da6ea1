"""A fingerprint is of one difference: it stays when lines move, and of two differences it is never the same."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from paved_road.git.entries import File, Mode
from paved_road.offroad import fingerprint
from paved_road.offroad.fingerprint import difference

ROAD = "".join(f"line {number}\n" for number in range(40))
few = st.lists(st.sampled_from(["a\n", "b\n", "\n", "}\n"]), max_size=14).map("".join)


def files(road: str, service: str) -> tuple[File, File]:
    return File(road.encode()), File(service.encode())


@given(road=few, one=few, other=few)
def test_two_contents_never_have_the_same_fingerprint(road: str, one: str, other: str) -> None:
    assume(one != other)
    assert difference(*files(road, one)) != difference(*files(road, other))


@given(at=st.integers(0, 15), count=st.integers(1, 5), edited=st.integers(25, 39))
def test_lines_that_the_road_adds_elsewhere_do_not_change_it(at: int, count: int, edited: int) -> None:
    service = ROAD.replace(f"line {edited}\n", "mine\n")
    news = "".join(f"new {number}\n" for number in range(count))

    def later(text: str) -> str:
        return text.replace(f"line {at}\n", f"line {at}\n{news}")

    assert difference(*files(ROAD, service)) == difference(*files(later(ROAD), later(service)))


def test_the_same_line_in_another_place_is_another_difference() -> None:
    road = "stanza\n  a\nend\n" * 6
    first = road.replace("  a\n", "  a\n  root\n", 1)
    second = road[:12] + road[12:].replace("  a\n", "  a\n  root\n", 1)
    assert difference(*files(road, first)) != difference(*files(road, second))


def test_one_more_line_is_another_difference() -> None:
    one = ROAD.replace("line 5\n", "mine\n")
    assert difference(*files(ROAD, one)) != difference(*files(ROAD, one.replace("line 30\n", "")))
    assert difference(*files(ROAD, one)) != difference(*files(ROAD, one.removesuffix("\n")))


def test_modes_links_and_deletion_count() -> None:
    road = File(b"x\n")
    found = {
        difference(road, None),
        difference(road, File(b"x\n", Mode.EXECUTABLE)),
        difference(road, File(b"x\n", Mode.SYMLINK)),
        difference(road, File(b"y\n")),
        difference(road, File(b"y\n", Mode.EXECUTABLE)),
        difference(road, File(b"y\0")),
        difference(road, File(b"")),
        difference(File(b""), road),
    }
    assert len(found) == 8


def test_a_large_rewrite_is_fingerprinted_whole() -> None:
    road = "".join(f"{number}\n" for number in range(3000))
    service = "".join(f"{number}\n" for number in range(3000, 6000))
    before, after = files(road, service)
    assert len(road.splitlines()) * len(service.splitlines()) > fingerprint.LARGEST
    assert difference(before, after) != difference(before, File(after.data + b"x"))
