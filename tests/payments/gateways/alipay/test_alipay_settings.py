"""What Alipay needs from the environment, and that our signature is the one its own SDK makes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.alipay.settings import load, problems
from c2b.payments.gateways.alipay.signing import Signing
from tests.payments.gateways.counterparts.alipay import APP_ID, SELLER_ID
from tests.payments.gateways.counterparts.keys import key, private_pem, public_pem


def bare(pem: str) -> str:
    """As Alipay's key tool writes it: no marks, one line."""
    return "".join(line for line in pem.splitlines() if "KEY" not in line)


class TestTheSignature:
    def test_is_the_one_that_the_official_sdk_makes(self, provider) -> None:
        from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa2

        said = {"method": "alipay.trade.query", "biz_content": '{"subject":"键盘 & 100%"}', "app_id": APP_ID}
        pkcs1 = key("app").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        theirs = sign_with_rsa2(bare(pkcs1.decode()), get_sign_content(said), "utf-8")
        assert Signing(provider.settings()).sign(said) == theirs

    def test_is_the_same_with_keys_as_the_key_tool_writes_them(self, provider) -> None:
        tool = provider.settings(private_key=bare(private_pem("app")), alipay_key=bare(public_pem("alipay")))
        assert Signing(tool).sign({"a": "1"}) == Signing(provider.settings()).sign({"a": "1"})


class TestTheEnvironment:
    def env(self, tmp_path: Any) -> dict[str, str]:
        (tmp_path / "own.pem").write_text(private_pem("app"))
        (tmp_path / "theirs.pem").write_text(public_pem("alipay"))
        return {
            "C2B_ALIPAY_APP_ID": APP_ID,
            "C2B_ALIPAY_SELLER_ID": SELLER_ID,
            "C2B_ALIPAY_KEY_FILE": str(tmp_path / "own.pem"),
            "C2B_ALIPAY_PUBLIC_KEY_FILE": str(tmp_path / "theirs.pem"),
        }

    def test_is_complete_and_sets_the_terms_of_the_contract(self, tmp_path) -> None:
        env = self.env(tmp_path)
        assert problems(env) == []
        terms = AlipayGateway(load(env | {"C2B_ALIPAY_HOLD_DAYS": "30"})).capabilities
        assert (terms.refund_window, terms.hold_window) == (timedelta(days=365), timedelta(days=30))
        assert AlipayGateway(load(env)).capabilities.hold_window is None

    def test_names_what_is_missing(self, tmp_path) -> None:
        assert len(problems({})) == 4
        for name in self.env(tmp_path):
            env = self.env(tmp_path)
            del env[name]
            assert [name in line for line in problems(env)] == [True]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("C2B_ALIPAY_KEY_FILE", "/nowhere"),
            ("C2B_ALIPAY_HOLD_DAYS", "-1"),
            ("C2B_ALIPAY_REFUND_DAYS", "x"),
        ],
    )
    def test_says_what_is_wrong(self, tmp_path, name, value) -> None:
        [line] = problems(self.env(tmp_path) | {name: value})
        assert name in line

    def test_says_that_a_key_is_no_key_without_showing_it(self, tmp_path) -> None:
        env = self.env(tmp_path)
        (tmp_path / "own.pem").write_text("secret rubbish")
        [line] = problems(env)
        assert "keys cannot be used" in line
        assert "secret rubbish" not in line
