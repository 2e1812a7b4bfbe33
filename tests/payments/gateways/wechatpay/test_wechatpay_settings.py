"""What WeChat Pay needs from the environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from c2b.payments.gateways.wechatpay.settings import load, problems
from tests.payments.gateways.cast import BASE
from tests.payments.gateways.counterparts.keys import private_pem, public_pem
from tests.payments.gateways.counterparts.wechatpay import API_V3_KEY, APPID, KEY_ID, MCHID


class TestTheEnvironment:
    def env(self, tmp_path: Any) -> dict[str, str]:
        (tmp_path / "own.pem").write_text(private_pem("merchant"))
        (tmp_path / "theirs.pem").write_text(public_pem("platform"))
        return {
            "C2B_WECHATPAY_MCHID": MCHID,
            "C2B_WECHATPAY_APPID": APPID,
            "C2B_WECHATPAY_SERIAL": "5157",
            "C2B_WECHATPAY_KEY_FILE": str(tmp_path / "own.pem"),
            "C2B_WECHATPAY_APIV3_KEY": API_V3_KEY,
            "C2B_WECHATPAY_PLATFORM_KEYS": f"{KEY_ID}={tmp_path / 'theirs.pem'}",
        }

    def test_is_complete(self, tmp_path) -> None:
        env = self.env(tmp_path)
        assert problems(env) == []
        assert WechatPayGateway(load(env), base_url=BASE).capabilities.methods == ("qr", "jsapi")

    def test_names_what_is_missing(self, tmp_path) -> None:
        assert len(problems({})) == 6
        for name in self.env(tmp_path):
            env = self.env(tmp_path)
            del env[name]
            assert [name in line for line in problems(env)] == [True]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("C2B_WECHATPAY_APIV3_KEY", "short"),
            ("C2B_WECHATPAY_KEY_FILE", "/nowhere"),
            ("C2B_WECHATPAY_PLATFORM_KEYS", "ID=/nowhere"),
            ("C2B_WECHATPAY_PLATFORM_KEYS", "ID"),
            ("C2B_WECHATPAY_REFUND_DAYS", "a year"),
            ("C2B_WECHATPAY_HOLD_DAYS", "-1"),
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

    def test_sets_the_terms_of_the_contract(self, provider) -> None:
        terms = WechatPayGateway(provider.settings(hold_days=180, refund_days=90), base_url=BASE).capabilities
        assert (terms.hold_window, terms.refund_window) == (timedelta(days=180), timedelta(days=90))
