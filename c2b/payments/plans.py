"""Which gateways carry a campaign's payment plan: their windows against what the campaign promises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from c2b.campaigns import windows
from c2b.campaigns.plans import AUTHORIZE
from c2b.campaigns.windows import Windows
from c2b.catalog.markets import market_of
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.gateways.base import Holds

_DAY = timedelta(days=1)


def terms() -> tuple[Windows, ...]:
    """The terms of the enabled gateways in whole days, the default first. One that cannot authorize says so."""
    found = []
    for name in gateways.enabled():
        provider = gateways.gateway(name)
        can = provider.capabilities
        authorization = can.authorization_window if isinstance(provider, Holds) else None
        found.append(
            Windows(
                gateway=name,
                refund=can.refund_window // _DAY,
                hold=can.hold_window // _DAY if can.hold_window else None,
                authorization=authorization // _DAY if authorization else None,
            )
        )
    return tuple(found)


def fitting_gateways(campaign: Mapping[str, Any]) -> tuple[str, ...]:
    """The enabled gateways that members of a campaign may pay at now, the default first; empty where none fits.

    ``campaign``: a row with ``payment_plan``, ``deadline``, ``balance_days``, ``currency``, ``batch_answers`` and the
    product's ``timeline``. A campaign that was approved has some that fit, unless the operator took them away since.
    """
    deadline = campaign["deadline"]
    at = deadline if isinstance(deadline, datetime) else db.instant(deadline)
    assert at
    batch = campaign["batch_answers"]
    market = market_of(campaign["currency"], json.loads(batch) if isinstance(batch, str) else batch)
    timing = windows.timing_of(
        at, clock.now(), template=campaign["timeline"], lead_days=0, balance_days=campaign["balance_days"],
        return_days=market.return_days,
    )  # fmt: skip
    known = terms()
    if campaign["payment_plan"] == AUTHORIZE and at <= clock.now():  # whoever authorizes again at the close
        return tuple(each.gateway for each in known if each.authorization)
    return windows.fitting(campaign["payment_plan"], timing, known)
