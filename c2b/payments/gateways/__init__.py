"""The payment providers by name. A provider is one folder here and one line in ``MAKERS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache

from c2b.config import Settings, settings
from c2b.payments.gateways.base import Gateway, UnknownGateway
from c2b.payments.gateways.sandbox.gateway import SandboxGateway

__all__ = [
    "MAKERS",
    "UnknownGateway",
    "enabled",
    "form_targets",
    "gateway",
    "problems",
    "replaced_by",
    "sandbox",
]


def _wechatpay(settings: Settings) -> Gateway:
    from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway

    return WechatPayGateway.from_settings(settings)


def _stripe(settings: Settings) -> Gateway:
    from c2b.payments.gateways.stripe.gateway import StripeGateway

    return StripeGateway.from_settings(settings)


def _alipay(settings: Settings) -> Gateway:
    from c2b.payments.gateways.alipay.gateway import AlipayGateway

    return AlipayGateway.from_settings(settings)


def _bank(settings: Settings) -> Gateway:
    from c2b.payments.gateways.bank.gateway import BankGateway

    return BankGateway.from_settings(settings)


#: Providers other than the sandbox are imported when they are asked for: their packages are extras.
MAKERS: dict[str, Callable[[Settings], Gateway]] = {
    "sandbox": SandboxGateway.from_settings,
    "stripe": _stripe,
    "wechatpay": _wechatpay,
    "alipay": _alipay,
    "bank": _bank,
}


def _wechatpay_problems(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.wechatpay.settings import problems

    return problems(env)


def _stripe_problems(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.stripe.settings import problems

    return problems(env)


def _alipay_problems(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.alipay.settings import problems

    return problems(env)


def _bank_problems(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.bank.settings import problems

    return problems(env)


#: Of those that need something from the environment.
_PROBLEMS: dict[str, Callable[[Mapping[str, str]], list[str]]] = {
    "stripe": _stripe_problems,
    "wechatpay": _wechatpay_problems,
    "alipay": _alipay_problems,
    "bank": _bank_problems,
}

#: Where a provider's own page lies that a form of ours leads to: browsers hold a redirect after a form to the page's
#: policy (W3C Content Security Policy 3, ``form-action``).
_PAGES: dict[str, tuple[str, ...]] = {
    "wechatpay": ("https://open.weixin.qq.com",),
    "stripe": ("https://checkout.stripe.com",),
    "alipay": (
        "https://openapi.alipay.com",
        "https://*.alipay.com",
        "https://openapi-sandbox.dl.alipaydev.com",
    ),
}

_replaced: dict[str, Gateway] = {}


def gateway(name: str | None = None) -> Gateway:
    """The provider of that name, or the one new payments use (``C2B_GATEWAY``). Raises ``UnknownGateway``."""
    name = name or settings().gateway
    if name in _replaced:
        return _replaced[name]
    if name not in MAKERS:
        raise UnknownGateway(f"no payment gateway named {name!r}; there are: {', '.join(sorted(MAKERS))}")
    return _made(name, settings())


def enabled() -> tuple[str, ...]:
    """The names of the enabled providers, the default first (``C2B_GATEWAYS``)."""
    return tuple(dict.fromkeys(settings().gateways))


def problems(env: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """What these providers lack in the environment, in words for the operator. Empty when all is well."""
    found = [f"C2B_GATEWAYS names {name!r}, which does not exist." for name in names if name not in MAKERS]
    for name in names:
        if name in _PROBLEMS:
            found += _PROBLEMS[name](env)
    return found


def form_targets(names: Sequence[str]) -> tuple[str, ...]:
    """Origins of these providers' pages, for the content security policy."""
    return tuple(page for name in names for page in _PAGES.get(name, ()))


def sandbox() -> SandboxGateway:
    """The sandbox, for those who serve its pages and deliver its notifications: application, clock, demo."""
    found = gateway("sandbox")
    assert isinstance(found, SandboxGateway)
    return found


@lru_cache(maxsize=4)
def _made(name: str, from_settings: Settings) -> Gateway:
    return MAKERS[name](from_settings)


@contextmanager
def replaced_by(other: Gateway) -> Iterator[None]:
    """Use ``other`` wherever its name is asked for: so tests, demo and bench bring their own senders and faults."""
    before = _replaced.get(other.name)
    _replaced[other.name] = other
    try:
        yield
    finally:
        if before is None:
            _replaced.pop(other.name, None)
        else:
            _replaced[other.name] = before
