"""How often passwords may be tried (the numbers of PyPI's Warehouse: 10 in 5 minutes, 1,000 for everybody together).

A try is counted before it is made and given back when it was right, so that many at once cannot slip through and
people who know their password are never kept out by their own log-ins.
"""

from __future__ import annotations

from c2b.kit.http.context import network_of
from c2b.kit.http.rates import Limit, forgive, hit

BY_ADDRESS = Limit("log-in-address", times=10, seconds=300)
BY_NETWORK = Limit("log-in-network", times=10, seconds=300)
BY_EVERYBODY = Limit("log-in-all", times=1000, seconds=300)
#: A class or a company that signs up together sits behind one address; who searches for accounts does too.
SIGN_UPS = Limit("sign-up", times=40, seconds=3600)


def _tries(email_key: str, ip: str) -> list[tuple[Limit, str]]:
    by_network = [(BY_NETWORK, network_of(ip))] if ip else []
    return [(BY_EVERYBODY, ""), (BY_ADDRESS, email_key), *by_network]


async def log_in(email_key: str, ip: str) -> None:
    """Count one try of a password. Raises RateLimited; Busy when it cannot be counted."""
    for limit, identity in _tries(email_key, ip):
        await hit(limit, identity)


async def log_in_succeeded(email_key: str, ip: str) -> None:
    """It was the right password: the try does not count."""
    for limit, identity in _tries(email_key, ip):
        await forgive(limit, identity)


async def sign_up(ip: str) -> None:
    """Count one new account from a network. Raises RateLimited."""
    if ip:
        await hit(SIGN_UPS, network_of(ip))
