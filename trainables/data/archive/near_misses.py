"""Arrays of an archive that are not read: those that look like a misspelt name of the format, and all others."""

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from trainables.config import Refused
from trainables.data.archive.archive_arrays import ArrayHeader

LABEL, SPLIT, GROUP, IDENTIFIER = "label", "split", "group", "id"
LENGTH_SUFFIX = "_length"
RESERVED = (LABEL, SPLIT, GROUP, IDENTIFIER)
# How alike two names must be, from 0 to 1: one letter missing, added or in another place.
_ALIKE = 0.8
_LABEL_NAMES = ("labels", "y", "target", "targets", "class", "classes")
_LENGTH_NAMES = (
    *("length", "lengths", "len", "lens", "mask", "masks", "attentionmask", "paddingmask", "padmask", "keypaddingmask"),
    *("seqlen", "seqlens", "seqlength", "sequencelength", "sequencelengths"),
    *("steps", "numsteps", "frames", "numframes", "nframes", "numtokens", "ntokens"),
)


def label_hint(headers: Mapping[str, ArrayHeader]) -> str:
    """Which arrays may be the labels of an archive that has none called so, as an end to a sentence."""
    likely = [name for name in headers if _plain(name) in _LABEL_NAMES or _are_alike(name, LABEL)]
    return f" (is it {' or '.join(likely)}? then rename it)" if likely else ""


def refuse_near_misses(place: str, headers: Mapping[str, ArrayHeader], modalities: tuple[str, str]) -> None:
    """Raise Refused, beginning with `place`, where an array is all but called as one that decides what is trained on.

    `split`, `group`, and the lengths of sequences decide that: without them padding counts as content.
    """
    num_rows = headers[LABEL].shape[0]
    known = {*RESERVED, *modalities, *(f"{name}{LENGTH_SUFFIX}" for name in headers)}
    others = {name: header for name, header in headers.items() if name not in known and header.shape[:1] == (num_rows,)}
    for name, meant in _near_misses(others, headers, modalities):
        raise Refused(
            f"{place}: found an array {name}, which is not read, and no {meant}: call it {meant} if that is what it is "
            "(the lengths of sequences are integers [n]), and otherwise something that is less alike"
        )


def unused_note(headers: Mapping[str, ArrayHeader], modalities: tuple[str, str], others: tuple[str, ...]) -> str | None:
    """A sentence on the arrays that are not read; `others`: further modalities that the archive has."""
    lengths = {f"{name}{LENGTH_SUFFIX}" for name in (*modalities, *others)}
    unused = [name for name in headers if name not in {*RESERVED, *modalities, *others, *lengths}]
    return f"arrays of the archive that are not used: {', '.join(unused)}" if unused else None


def _near_misses(
    others: Mapping[str, ArrayHeader], headers: Mapping[str, ArrayHeader], modalities: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """Names of arrays with the name that each is near to, where the archive has no array of that name."""
    for meant in (SPLIT, GROUP):
        if meant not in headers:
            for name, header in others.items():
                if len(header.shape) == 1 and _are_alike(name, meant):
                    yield name, meant
    for modality in modalities:
        meant = f"{modality}{LENGTH_SUFFIX}"
        if meant in headers or len(headers[modality].shape) != 3:
            continue
        num_steps = headers[modality].shape[1]
        for name, header in others.items():
            could_be = header.dtype.kind in "biuf" and header.shape[1:] in ((), (1,), (num_steps,))
            if could_be and _means_length(name, modality):
                yield name, meant


def _means_length(name: str, modality: str) -> bool:
    plain, stem = _plain(name), _plain(modality)
    if plain in _LENGTH_NAMES or _are_alike(plain, f"{stem}length", least=0.85):
        return True
    return any(plain in (f"{stem}{suffix}", f"{suffix}{stem}") for suffix in _LENGTH_NAMES)


def _are_alike(name: str, meant: str, least: float = _ALIKE) -> bool:
    return SequenceMatcher(None, _plain(name), meant).ratio() >= least


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())
