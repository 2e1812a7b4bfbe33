"""From the last captured payment (or the deadline) to a locked batch.

Started by ``campaign.closed`` with the run id ``closing:<campaign>:<round>``. It takes turns: wait until nothing is
open any more (votes, questions, offered places), allocate, propose, let those object who asked for it, collect what
members still owe, lock. A turn
whose proposal is not true any more (somebody left, came, or chose otherwise) is followed by another. Each further turn
needs somebody to have left, answered or been offered a place, and of those there are finitely many: it ends.

The lock itself records ``campaign.locked``, which starts the ordering; a group of which too few units can be made takes
members again, or has failed and is refunded, by the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from c2b.durable import Run, workflow
from c2b.participations.closing.allocating import allocate
from c2b.participations.closing.locking import lock, release_places
from c2b.participations.closing.objecting import unsettled
from c2b.participations.closing.proposing import propose
from c2b.payments.collecting import ask, look
from c2b.payments.operations import settle_prices


@workflow("closing")
async def closing(run: Run, *, campaign_id: str) -> str:
    """Allocate until what is proposed is locked, then give back what was paid above the final price."""
    await run.step("let unpaid places go", release_places, campaign_id=campaign_id)
    outcome, turn = "changed", 0
    while outcome == "changed":
        turn += 1
        outcome = await one_turn(run, campaign_id, turn)
    if outcome == "locked":
        await run.step("settle prices", settle_prices, campaign_id=campaign_id)
    return outcome


async def one_turn(run: Run, campaign_id: str, turn: int) -> str:
    """Allocate and propose what members want now, and lock it unless that changes meanwhile."""
    await nothing_open(run, campaign_id, turn)
    proposal = await run.work(f"allocate {turn}", allocate, campaign_id=campaign_id)
    told = await run.step(f"propose {turn}", propose, campaign_id=campaign_id, turn=turn, proposal=proposal)
    if told["verdict"] != "proposed":
        verdict: str = told["verdict"]
        return verdict
    if told["until"]:
        await run.wait(f"answers {turn}", until=datetime.fromisoformat(told["until"]))
    money = await collect(run, campaign_id, turn)
    if money != "collected":
        return money
    outcome: str = await run.step(f"lock {turn}", lock, campaign_id=campaign_id, turn=turn)
    return outcome


async def collect(run: Run, campaign_id: str, turn: int) -> str:
    """Have everybody pay what is proposed: ``"collected"``, or ``"changed"`` when somebody leaves instead."""
    stands = await run.step(f"ask for money {turn}", ask, campaign_id=campaign_id, turn=turn)
    looks = 0
    while stands["until"]:
        looks += 1
        until = datetime.fromisoformat(stands["until"])
        woken = await run.wait(f"money {turn}", until=until) is not None
        stands = await run.step(
            f"look for money {turn}.{looks}", look, campaign_id=campaign_id, turn=turn, woken=woken
        )
    verdict: str = stands["verdict"]
    return verdict


async def nothing_open(run: Run, campaign_id: str, turn: int) -> None:
    """Wait for every vote, question and offered place, one after the other."""
    looks = 1
    while waits := await run.step(f"look {turn}.{looks}", unsettled, campaign_id=campaign_id):
        await run.wait(waits["signal"], until=datetime.fromisoformat(waits["until"]))
        looks += 1
