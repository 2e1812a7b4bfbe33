"""The fonts that documents are set in, and which characters they can draw.

Documents see these two files and no other font of the machine: the same input gives the same bytes everywhere, and a
character that cannot be drawn is written out as its code point instead of vanishing or becoming an empty box.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from c2b.config import ROOT
from c2b.kit.canonical import BIDI_CONTROLS

FOLDER = ROOT / "assets" / "fonts"
FAMILY = "C2B Sans SC"
REGULAR = FOLDER / "C2BSansSC-Regular.ttf"
BOLD = FOLDER / "C2BSansSC-Bold.ttf"

_LAYOUT = frozenset("\n\t")
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@lru_cache(maxsize=2)
def coverage(path: Path = REGULAR) -> frozenset[int]:
    """The code points a font file can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def missing_characters(text: str) -> str:
    """The characters of `text` that the document font cannot draw, each once, in order of first appearance."""
    covered = coverage()
    return "".join(dict.fromkeys(char for char in text if ord(char) not in covered and char not in _LAYOUT))


def drawable(text: str) -> str:
    """`text` as it can be printed: direction controls removed, undrawable characters as ``[U+1F600]``."""
    if text.isascii() and text.isprintable():
        return text
    text = "".join(char for char in text if char not in BIDI_CONTROLS)
    for char in missing_characters(text):
        text = text.replace(char, f"[U+{ord(char):04X}]")
    return text


def write_configuration(folder: Path) -> Path:
    """Write a fontconfig file into `folder` that knows our fonts only; returns its path."""
    path = folder / "fonts.conf"
    path.write_text(_CONFIGURATION.format(fonts=FOLDER, cache=folder / "cache"))
    return path
