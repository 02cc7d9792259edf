"""gdown itself against pages in the form of Google Drive's, over TLS to Drive's own names."""

import numpy as np
import pytest

from trainables.data.download.drive import fetch_from_drive, find_in_folder
from trainables.data.download.fetching import FetchError, Patience

CONTENT = np.random.default_rng(0).bytes(2_000_000)  # gdown takes 524,288 bytes at a time
HASTE = Patience(connect_seconds=5, stall_seconds=0.3, num_attempts=3, pause_seconds=0.001)
FILE = "1" * 33
FOLDER = "2" * 33
BELOW = "3" * 33
LINK = f"https://drive.google.com/uc?id={FILE}"
LISTING = f"https://drive.google.com/embeddedfolderview?id={FOLDER}"
HTML = {"Content-Type": "text/html; charset=utf-8"}
ATTACHMENT = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="sarcasm.pkl"'}
QUOTA = """<html><head><title>Google Drive - Quota exceeded</title></head><body>
<p class="uc-error-caption">Sorry, you can't view or download this file at this time.</p>
<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.</p></body></html>"""
FORM = (  # gdown reads Google's pages by the line
    '<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
    f'<input type="hidden" name="id" value="{FILE}"><input type="hidden" name="confirm" value="t"></form>'
)
CONFIRMATION = f"<html><body>\n<p>sarcasm.pkl is too large to be scanned for viruses.</p>\n{FORM}\n</body></html>"
CONFIRMED = f"https://drive.usercontent.google.com/download?id={FILE}&confirm=t"


def listing(*entries: tuple[str, str]) -> bytes:
    """The page of a folder with links of text."""
    links = "".join(f'<a href="{link}"><div>{name}</div></a>\n' for link, name in entries)
    return f"<html><head><title>MUStARD</title></head><body>{links}</body></html>".encode()


def link_to_file(file_id: str) -> str:
    return f"https://drive.google.com/file/d/{file_id}/view?usp=drive_web"


def ignore(received: int, total: int | None) -> None:
    """No interest in progress."""


@pytest.fixture
def part(tmp_path):
    return tmp_path / "sarcasm.pkl.part"


def test_a_file_is_fetched_and_its_progress_is_told(internet, answer, part):
    internet.answers[LINK] = [answer(content=CONTENT, headers=ATTACHMENT)]
    told = []
    fetch_from_drive(FILE, part, HASTE, lambda received, total: told.append((received, total)))
    assert part.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in part.parent.iterdir()] == [part.name]


def test_a_large_file_is_fetched_past_the_page_that_asks_back(internet, answer, part):
    internet.answers |= {
        LINK: [answer(content=CONFIRMATION.encode(), headers=HTML)],
        CONFIRMED: [answer(content=CONTENT, headers=ATTACHMENT)],
    }
    fetch_from_drive(FILE, part, HASTE, ignore)
    assert part.read_bytes() == CONTENT


def test_what_google_says_instead_of_a_file_is_passed_on(internet, answer, part):
    internet.answers[LINK] = [answer(content=QUOTA.encode(), headers=HTML)]
    with pytest.raises(FetchError, match="Too many users have viewed or downloaded this file recently"):
        fetch_from_drive(FILE, part, HASTE, ignore)
    assert len(internet.requests) == 1
    assert list(part.parent.iterdir()) == []


def test_an_answer_that_is_none_of_google_drive_is_refused(internet, answer, part):
    internet.answers[LINK] = [answer(content=b"hello")]  # without a Content-Type
    with pytest.raises(FetchError, match="expected an answer of Google Drive, found one without content-type"):
        fetch_from_drive(FILE, part, HASTE, ignore)


@pytest.mark.parametrize("trouble", [{"stop_after": 1_700_000}, {"stall_after": 1_700_000}])
def test_a_transfer_that_breaks_off_or_stalls_goes_on(internet, answer, part, trouble):
    internet.answers[LINK] = [
        answer(content=CONTENT, headers=ATTACHMENT, **trouble),
        answer(content=CONTENT, headers=ATTACHMENT),
    ]
    fetch_from_drive(FILE, part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert not internet.outwaited
    asked = internet.ranges[-1][0]
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 1_700_000


def test_a_later_call_goes_on_with_what_an_earlier_one_has_left(internet, answer, part):
    once = Patience(connect_seconds=5, num_attempts=1)
    internet.answers[LINK] = [
        answer(content=CONTENT, headers=ATTACHMENT, stop_after=1_700_000),
        answer(content=CONTENT, headers=ATTACHMENT),
    ]
    with pytest.raises(FetchError):
        fetch_from_drive(FILE, part, once, ignore)
    assert not part.exists()
    fetch_from_drive(FILE, part, once, ignore)
    assert part.read_bytes() == CONTENT
    assert internet.ranges[-1][0] is not None


def test_what_is_here_whole_already_is_not_in_the_way_for_ever(internet, answer, part):
    """Killed after the last byte and before the file had its name: there is no more of it to be had."""
    begun = part.with_name(f"{part.name}.{FILE}abcdefgh.part")
    begun.write_bytes(CONTENT)
    internet.answers[LINK] = [answer(content=CONTENT, headers=ATTACHMENT)]
    fetch_from_drive(FILE, part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert not begun.exists()


def test_what_is_here_of_another_file_is_not_gone_on_with(internet, answer, part):
    once = Patience(connect_seconds=5, num_attempts=1)
    other, other_link = CONTENT[::-1], LINK.replace(FILE, BELOW)
    internet.answers |= {
        LINK: [answer(content=CONTENT, headers=ATTACHMENT, stop_after=1_700_000)],
        other_link: [answer(content=other, headers=ATTACHMENT)],
    }
    with pytest.raises(FetchError):
        fetch_from_drive(FILE, part, once, ignore)
    fetch_from_drive(BELOW, part, once, ignore)
    assert part.read_bytes() == other


def test_others_may_read_it_as_they_may_any_new_file(internet, answer, part):
    internet.answers[LINK] = [answer(content=CONTENT, headers=ATTACHMENT)]
    fetch_from_drive(FILE, part, HASTE, ignore)
    any_new_file = part.with_name("any")
    any_new_file.touch()
    assert part.stat().st_mode == any_new_file.stat().st_mode


def test_trouble_that_passes_costs_nothing_of_what_is_here(internet, answer, part):
    begun = part.with_name(f"{part.name}.{FILE}abcdefgh.part")
    begun.write_bytes(CONTENT[:1_000_000])
    given = answer(content=CONTENT, headers=ATTACHMENT)
    internet.answers[LINK] = [given, answer(status=503), given]  # gdown asks once for all, then for the rest
    fetch_from_drive(FILE, part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert internet.ranges[-1][0] == "bytes=1000000-"


def test_a_file_is_found_in_its_folder_or_below(internet, answer):
    below = [(link_to_file("4" * 33), "a.csd"), (link_to_file("5" * 33), "sarcasm.pkl")]
    entries = [(link_to_file(FILE), "sarcasm.pkl"), (f"https://drive.google.com/drive/folders/{BELOW}", "raw")]
    internet.answers |= {
        LISTING: [answer(content=listing(*entries), headers=HTML)],
        LISTING.replace(FOLDER, BELOW): [answer(content=listing(*below), headers=HTML)],
    }
    assert find_in_folder(FOLDER, "sarcasm.pkl", HASTE) == FILE
    assert find_in_folder(FOLDER, "a.csd", HASTE) == "4" * 33
    with pytest.raises(FetchError, match=r"expected humor\.pkl in it, found a\.csd, sarcasm\.pkl"):
        find_in_folder(FOLDER, "humor.pkl", HASTE)


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (404, b"", "is not listed: Failed to retrieve folder contents .*404"),
        (200, b"<html></html>", "is not listed: Failed to parse folder contents"),
        (200, listing(), "expected sarcasm.pkl in it, found nothing"),
    ],
)
def test_a_folder_that_is_not_to_be_seen_is_said_to_be_so(internet, answer, status, content, message):
    internet.answers[LISTING] = [answer(status=status, content=content, headers=HTML)]
    with pytest.raises(FetchError, match=message):
        find_in_folder(FOLDER, "sarcasm.pkl", HASTE)
    assert len(internet.requests) == 1


def test_without_a_network_it_is_given_up_at_once(no_network, part):
    patience = Patience(connect_seconds=5, pause_seconds=3600)
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch_from_drive(FILE, part, patience, ignore)
    with pytest.raises(FetchError, match="cannot be reached"):
        find_in_folder(FOLDER, "sarcasm.pkl", patience)
