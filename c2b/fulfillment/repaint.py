"""The program that reads a stranger's picture: a process of its own, with little memory and time, that ends afterwards.

``python -m c2b.fulfillment.repaint`` reads a PNG, JPEG or WebP file from standard input and writes a WebP made from
nothing but its pixels to standard output: no EXIF (where a photo was taken), no second frame, no trailing bytes. What
it cannot accept ends it with one of ``REASONS`` as exit code. Dimensions are read from the header before any pixel.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 25_000_000
#: Longest side of what is kept: enough to read a measuring sheet.
MAX_SIDE = 2560
MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
#: Exit code -> stable reason.
REASONS = {10: "not_a_picture", 11: "too_many_pixels", 12: "broken_picture"}
_CODES = {reason: code for code, reason in REASONS.items()}


class Refused(Exception):
    """This picture is not accepted; the text is one of ``REASONS``."""


def repaint(data: bytes) -> bytes:
    """A WebP with the pixels of ``data``, upright, at most ``MAX_SIDE`` long. Raises ``Refused``."""
    warnings.simplefilter("error")  # Pillow only warns of a decompression bomb below twice its limit
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return _fresh(picture)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("too_many_pixels") from error
    except UnidentifiedImageError as error:
        raise Refused("not_a_picture") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, zlib.error and more
        raise Refused("broken_picture") from error


def _fresh(picture: Image.Image) -> bytes:
    if picture.width * picture.height > MAX_PIXELS:
        raise Refused("too_many_pixels")
    picture.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at the size that is needed
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    clean = Image.frombytes("RGB", upright.size, upright.tobytes())
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def confine() -> None:
    """Let the operating system bound this process; a decoder cannot be trusted to."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    confine()
    try:
        painted = repaint(sys.stdin.buffer.read())
    except Refused as refused:
        sys.exit(_CODES[str(refused)])
    sys.stdout.buffer.write(painted)


if __name__ == "__main__":
    main()
