"""What strangers send as evidence: pixels and PDFs get through, nothing else does."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from c2b.fulfillment import uploads
from c2b.fulfillment.repaint import MAX_PIXELS, MAX_SIDE
from c2b.kit import storage
from c2b.kit.downloads import Download, safe_filename
from c2b.kit.ids import sha256_hex
from tests.fulfillment import pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(secret) run\n"
HTML = b"<!doctype html><script>alert(1)</script>"


async def _reason(kind: str, data: bytes, filename: str = "x") -> str:
    with pytest.raises(uploads.UploadRefused) as refused:
        await uploads.accept(kind, filename=filename, data=data)
    (fault,) = refused.value.fields
    assert "{" not in fault.text()
    return fault.code


class TestAPhoto:
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
    async def test_is_painted_anew_as_webp(self, format):
        upload = await uploads.accept("photo", filename="First article.jpeg", data=pictures.picture(format))
        assert Image.open(io.BytesIO(upload.data)).format == "WEBP"
        assert (upload.filename, upload.media_type) == ("First article.webp", "image/webp")
        assert upload.storage_key == f"evidence/{upload.sha256[:2]}/{sha256_hex(upload.data)}.webp"
        assert storage.checked(upload.storage_key)

    async def test_does_not_tell_where_it_was_taken_and_stands_upright(self):
        sent = pictures.photo_with_place()
        assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
        upload = await uploads.accept("photo", filename="IMG_0001.JPG", data=sent)
        kept = Image.open(io.BytesIO(upload.data))
        assert len(kept.getexif()) == 0
        assert b"SecretCamera" not in upload.data
        assert b"EXIF" not in upload.data
        assert kept.size == (200, 400)

    async def test_is_made_small_enough_to_show(self):
        upload = await uploads.accept("photo", filename="x.png", data=pictures.picture("PNG", (5000, 1000)))
        assert Image.open(io.BytesIO(upload.data)).size == (MAX_SIDE, MAX_SIDE // 5)

    async def test_loses_what_hangs_behind_it(self):
        upload = await uploads.accept(
            "photo", filename="x.png", data=pictures.picture() + b"PK\x03\x04<script>evil"
        )
        assert b"evil" not in upload.data

    async def test_of_many_frames_becomes_one(self):
        upload = await uploads.accept("photo", filename="x.png", data=pictures.animation())
        assert getattr(Image.open(io.BytesIO(upload.data)), "n_frames", 1) == 1

    async def test_just_inside_the_limit_of_pixels_is_taken(self):
        side = int(MAX_PIXELS**0.5)
        upload = await uploads.accept("photo", filename="x.png", data=pictures.real_bomb(side))
        assert upload.data

    @pytest.mark.parametrize(
        ("name", "data", "reason"),
        [
            ("a bomb of 13,000 pixels a side", pictures.png_header(13_000, 13_000), "too_many_pixels"),
            ("a bomb of 60,000 pixels a side", pictures.png_header(60_000, 60_000), "too_many_pixels"),
            ("a whole and valid bomb", pictures.real_bomb(5_100), "too_many_pixels"),
            ("a bomb one pixel high", pictures.png_header(2**31 - 1, 1), "too_many_pixels"),
            ("an SVG", SVG, "not_a_picture"),
            ("an SVG named .png", SVG, "not_a_picture"),
            ("an EPS", EPS, "not_a_picture"),
            ("a TIFF", pictures.picture("TIFF"), "not_a_picture"),
            ("a GIF", pictures.picture("GIF"), "not_a_picture"),
            ("a BMP", pictures.picture("BMP"), "not_a_picture"),
            ("a page", HTML, "not_a_picture"),
            ("a PDF", pictures.document(), "not_a_picture"),
            ("a picture cut in the middle", pictures.picture("JPEG")[:400], "broken_picture"),
            ("a PNG with next to no data", pictures.png_header(4_000, 4_000), "broken_picture"),
            ("nothing", b"", "empty"),
            ("nine megabytes", b"\x89PNG\r\n\x1a\n" + b"\0" * (9 * 1024 * 1024), "too_large"),
            ("zeros", b"\0" * 100, "not_a_picture"),
        ],
    )
    async def test_that_is_something_else_is_refused(self, name, data, reason):
        assert await _reason("photo", data, name) == reason


class TestADocument:
    async def test_is_kept_as_it_came(self):
        sent = pictures.document(b"1 0 obj<<>>endobj")
        upload = await uploads.accept("document", filename="AQL report.PDF", data=sent)
        assert (upload.data, upload.sha256) == (sent, sha256_hex(sent))
        assert (upload.filename, upload.media_type) == ("AQL report.pdf", "application/pdf")

    @pytest.mark.parametrize(
        ("name", "data", "reason"),
        [
            ("a page", HTML, "not_a_pdf"),
            ("a page with a PDF behind it", HTML + pictures.document(), "not_a_pdf"),
            ("a picture", pictures.picture(), "not_a_pdf"),
            ("an archive", b"PK\x03\x04" + b"\0" * 100, "not_a_pdf"),
            ("a PDF cut off", pictures.document()[:-8], "not_a_pdf"),
            ("a PDF of a version that does not exist", b"%PDF-9.9\n%%EOF", "not_a_pdf"),
            ("nothing", b"", "empty"),
            ("nine megabytes", pictures.document(b"0" * 9 * 1024 * 1024), "too_large"),
        ],
    )
    async def test_that_is_something_else_is_refused(self, name, data, reason):
        assert await _reason("document", data, name) == reason


class TestAFilename:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("../../etc/passwd", "passwd.pdf"),
            ("..\\..\\boot.ini", "boot.pdf"),
            ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie x=1.pdf"),
            ("report\u202efdp.exe", "reportfdp.pdf"),
            ('"; rm -rf ~; ".pdf', "rm -rf ~.pdf"),
            ("验货报告.pdf", "验货报告.pdf"),
            ("\ud800.pdf", "document.pdf"),
            ("\0", "document.pdf"),
            ("", "document.pdf"),
            ("...", "document.pdf"),
            ("x" * 500 + ".pdf", "x" * 120 + ".pdf"),
        ],
    )
    def test_loses_what_could_do_harm(self, sent, kept):
        assert safe_filename(sent, suffix=".pdf", otherwise="document") == kept

    def test_goes_out_as_an_attachment_that_nobody_guesses_about(self):
        headers = Download("验货 报告.pdf", "application/pdf", b"x", "0" * 64).headers()
        assert headers["Content-Disposition"] == (
            "attachment; filename=\"__ __.pdf\"; filename*=UTF-8''%E9%AA%8C%E8%B4%A7%20%E6%8A%A5%E5%91%8A.pdf"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert all(value.isascii() and value.isprintable() for value in headers.values())


class TestTheChildThatPaints:
    async def test_that_takes_too_long_is_ended(self, monkeypatch):
        monkeypatch.setattr(uploads, "WALL_SECONDS", 0.001)
        assert await _reason("photo", pictures.picture()) == "broken_picture"

    async def test_gets_nothing_of_our_secrets(self, monkeypatch):
        seen = {}
        monkeypatch.setenv("C2B_SECRET_KEY", "the house key")

        def run(command, **given):
            seen.update(given)
            raise uploads.subprocess.TimeoutExpired(command, 1)

        monkeypatch.setattr(uploads.subprocess, "run", run)
        await _reason("photo", pictures.picture())
        assert "the house key" not in str(seen["env"])
