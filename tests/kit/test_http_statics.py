"""A file keeps its address as long as it keeps its content, and nothing outside the folder is served."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from c2b.kit.http.statics import Statics


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / "static" / "base.css").write_text("body { color: green }" * 50)
    (tmp_path / "static" / "vendor" / "x.js").write_text("1")
    (tmp_path / "static" / ".hidden").write_text("no")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path / "static"


@pytest.fixture
def statics(folder: Path) -> Statics:
    return Statics(folder)


@pytest.fixture
def client(statics: Statics) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/static", app=statics)]))


class TestAFile:
    def test_under_its_hash_may_be_kept_for_ever(self, client: TestClient, statics: Statics) -> None:
        answer = client.get(statics.url("base.css"))
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/css")
        assert answer.text.startswith("body")

    @pytest.mark.parametrize("address", ["/static/base.css", "/static/0123456789ab/base.css"])
    def test_under_another_address_must_be_asked_for_again(self, client: TestClient, address: str) -> None:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_changes_its_address_with_its_content(self, folder: Path, statics: Statics) -> None:
        (folder / "base.css").write_text("body { color: red }")
        assert Statics(folder).url("base.css") != statics.url("base.css")
        assert Statics(folder).url("vendor/x.js") == statics.url("vendor/x.js")

    def test_is_sent_packed_to_who_can_unpack(self, client: TestClient, statics: Statics) -> None:
        plain = client.get(statics.url("base.css"), headers={"Accept-Encoding": "identity"})
        packed = client.get(statics.url("base.css"), headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
        assert packed.content == plain.content

    @pytest.mark.parametrize(
        "path", ["/static/", "/static/x", "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/.hidden",
                 "/static/0123456789ab/..%2fsecret.txt", "/static//etc/passwd"],
    )  # fmt: skip
    def test_elsewhere_does_not_exist(self, client: TestClient, path: str) -> None:
        assert client.get(path).status_code == 404

    def test_is_only_read(self, client: TestClient) -> None:
        answer = client.post("/static/base.css")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")

    def test_head_has_no_body(self, client: TestClient, statics: Statics) -> None:
        answer = client.head(statics.url("base.css"))
        assert (answer.status_code, answer.content) == (200, b"")
