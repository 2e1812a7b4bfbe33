"""Builds the two document fonts, assets/fonts/C2BSansSC-{Regular,Bold}.ttf, from Noto Sans CJK SC.

Why built at all: the fonts must be embedded in every purchase order, on machines that have no Chinese font; a web font
(woff2) costs WeasyPrint ten seconds a document to unpack, and the sliced web fonts leave out 33 Chinese characters of
GB 2312 (镩, 轷, 铴 ...) that occur in names and engravings. Outlines become TrueType because that is what every PDF
reader and every font tool embeds without surprises.

Coverage. Regular: the whole Unicode block U+4E00-9FEF that an engraving may use, so nothing an engraving can say is
ever missing from paper. Bold: GB 2312, for headings and labels, which we write ourselves.

Input, both under the SIL Open Font License 1.1 (see assets/fonts/OFL.txt):
  * NotoSansCJK-{Regular,Bold}.ttc of the Debian package fonts-noto-cjk   (apt-get download, dpkg -x)
  * the latin slices of the npm package @fontsource/noto-sans             (npm pack, tar x), for Latin Extended

Run: python tools/build_fonts.py --cjk DIR --latin DIR    (about four minutes; the same input gives the same bytes)
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools.misc.roundTools import otRound
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont, newTable

OUT = Path(__file__).resolve().parent.parent / "assets" / "fonts"
FAMILY = "C2B Sans SC"
MAX_ERROR = 1.2  # curve error in 1/1000 em: invisible at print size
LATIN_EXTENDED = range(0x00A0, 0x0250)  # what an engraving may use beside Chinese
NARROW = (
    0x00B7,
    0x2026,
)  # middle dot and ellipsis: as wide as a Chinese character in the one, not in the other
SYMBOLS = (
    (0x0020, 0x007F), (0x00A0, 0x0250), (0x02B9, 0x02DE), (0x0370, 0x0400), (0x0400, 0x0460), (0x2000, 0x2070),
    (0x20A0, 0x20C0), (0x2100, 0x2150), (0x2150, 0x21A0), (0x2200, 0x2270), (0x2460, 0x2500), (0x2500, 0x2580),
    (0x25A0, 0x2610), (0x2610, 0x2620), (0x2713, 0x2718), (0x3000, 0x3040), (0x3040, 0x3100), (0x3105, 0x3130),
    (0x3220, 0x3230), (0x3280, 0x32B1), (0x3300, 0x33E0), (0xFF01, 0xFF5F), (0xFFE0, 0xFFE7),
)  # fmt: skip


def gb2312() -> set[int]:
    """Every character of GB 2312-80: 682 symbols, 3,755 first level and 3,008 second level Chinese characters."""
    cells = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return {ord(text) for raw in cells if (text := raw.decode("gb2312", errors="ignore"))}


def wanted(weight: str) -> set[int]:
    symbols = {code for first, end in SYMBOLS for code in range(first, end)}
    whole_block = set(range(0x4E00, 0xA000)) if weight == "Regular" else set()
    return symbols | gb2312() | whole_block


def simplified_face(folder: Path, weight: str) -> TTFont:
    collection = TTCollection(folder / f"NotoSansCJK-{weight}.ttc", lazy=True)
    return next(face for face in collection if face["name"].getDebugName(1).startswith("Noto Sans CJK SC"))


def subset(font: TTFont, codes: set[int]) -> None:
    options = Options()
    options.layout_features = ["kern", "ccmp"]
    options.hinting = False
    options.glyph_names = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)


def to_truetype(font: TTFont) -> None:
    """Replaces the cubic (CFF) outlines by quadratic ones (glyf)."""
    order, outlines = font.getGlyphOrder(), font.getGlyphSet()
    glyf = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
        glyf.glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), glyf
    del font["CFF "]
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                  "maxStackElements", "maxSizeOfInstructions", "maxComponentElements"):  # fmt: skip
        setattr(maxp, field, 1 if field in ("maxZones", "maxComponentElements") else 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\000\001\000\000"


def add_latin(font: TTFont, folder: Path, weight: str) -> None:
    """Draws into `font` the Latin letters that the Chinese font does not have."""
    number = {"Regular": "400", "Bold": "700"}[weight]
    for slice_name in ("latin", "latin-ext", "vietnamese"):
        source = TTFont(folder / f"noto-sans-{slice_name}-{number}-normal.woff2")
        assert source["head"].unitsPerEm == font["head"].unitsPerEm
        have, offered = font.getBestCmap(), source.getBestCmap()
        for code in sorted((set(LATIN_EXTENDED) - set(have) | set(NARROW)) & set(offered)):
            copy_glyph(font, source, code, offered[code])


def set_bearings(font: TTFont) -> None:
    """Left side bearings equal to the outlines' left edges; otherwise every glyph is drawn shifted."""
    glyf, metrics = font["glyf"], font["hmtx"].metrics
    for name, (width, _) in metrics.items():
        glyf[name].recalcBounds(glyf)
        metrics[name] = (width, getattr(glyf[name], "xMin", 0))


def copy_glyph(font: TTFont, source: TTFont, code: int, source_name: str) -> None:
    name, outlines = f"latin{code:04X}", source.getGlyphSet()
    flat = DecomposingRecordingPen(outlines)
    outlines[source_name].draw(flat)
    pen = TTGlyphPen(None)
    flat.replay(pen)
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"].glyphOrder = font.getGlyphOrder()
    font["glyf"].glyphs[name] = pen.glyph()
    font["hmtx"].metrics[name] = (otRound(outlines[source_name].width), 0)
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            table.cmap[code] = name


def rename(font: TTFont, weight: str) -> None:
    """Names the derived font its own name; the copyright and license records stay as they were."""
    names = {1: FAMILY, 2: weight, 3: f"{FAMILY} {weight} 1", 4: f"{FAMILY} {weight}", 5: "Version 1.0",
             6: f"C2BSansSC-{weight}"}  # fmt: skip
    for record in list(font["name"].names):
        if record.nameID in names or record.nameID in (16, 17) or record.platformID == 1:
            font["name"].removeNames(record.nameID, record.platformID, record.platEncID, record.langID)
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)


def build(*, cjk: Path, latin: Path, weight: str) -> Path:
    font = simplified_face(cjk, weight)
    font.recalcTimestamp = False
    subset(font, wanted(weight))
    to_truetype(font)
    add_latin(font, latin, weight)
    set_bearings(font)
    rename(font, weight)
    path = OUT / f"C2BSansSC-{weight}.ttf"
    font.save(path, reorderTables=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cjk", type=Path, required=True, help="folder with NotoSansCJK-Regular.ttc and -Bold.ttc"
    )
    parser.add_argument(
        "--latin", type=Path, required=True, help="folder with noto-sans-latin-400-normal.woff2 ..."
    )
    given = parser.parse_args()
    for weight in ("Regular", "Bold"):
        path = build(cjk=given.cjk, latin=given.latin, weight=weight)
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
