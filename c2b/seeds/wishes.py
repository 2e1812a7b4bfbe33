"""What the members of the seed world ask for: weighted choices that a crowd would make."""

from __future__ import annotations

import random
from typing import Any

from c2b.accounts.rules import Actor

KEYBOARD_BATCH = {
    "form_factor": "75", "case_material": "alu", "mounting": "gasket", "pcb_sensing": "mech",
    "connectivity": "wired", "hot_swap": True,
}  # fmt: skip
LAPTOP_BATCH = {"chassis": "c14", "memory_type": "sodimm"}
PHONE_BATCH = {"base_model": "p1", "back_process": "glass_ag", "wireless_charging": True}
EARPHONES_BATCH = {
    "mold": "public",
    "soc_tier": "entry",
    "anc": "ff",
    "ip_rating": "ipx4",
    "case_wireless": True,
}
POWERBANK_BATCH = {"capacity_mah": 20000, "cell": "cyl21700", "max_w": 65, "magnetic": False, "market": "cn"}

_TEXTS_EN = (
    "Make it yours",
    "Lab 3",
    "Type less, say more",
    "Home row",
    "Night owl",
    "For Grandma",
    "Batch One",
)
_TEXTS_ZH = ("慢慢来", "键指如飞", "三号实验室", "早睡早起", "不负韶华", "给爸爸", "静水流深")


def keyboard(
    who: Actor, chance: random.Random, *, color: str, plate: str, switch: str, layout: str
) -> dict[str, Any]:
    """A keyboard of the given color, plate, switch and layout; ``layout`` is ``us``, ``de``, ``zhuyin`` or ``kit``."""
    answers: dict[str, Any] = {"case_color": color, "plate": plate}
    if layout == "kit":
        return {**answers, "kit": "barebones", "physical_layout": "ansi", "switch": "none", "keycap": "none"}
    answers |= {
        "kit": "full",
        "physical_layout": "iso" if layout == "de" else "ansi",
        "switch": switch,
        "keycap": "pbt_dye_a",
        "legend": {"us": "us", "de": "de", "zhuyin": "cn_zhuyin"}[layout],
    }
    if chance.random() < 0.35:
        answers["engraving"] = {
            "text": text(who, chance),
            "font": "kai" if chinese(who) else chance.choice(("sans", "serif")),
            "position": chance.choice(("weight_back", "case_back")),
        }
    return answers


def chinese(who: Actor) -> bool:
    """Does this member read Chinese?"""
    return who.locale.startswith("zh")


def text(who: Actor, chance: random.Random) -> str:
    """Something to engrave, in the member's own language."""
    return chance.choice(_TEXTS_ZH if chinese(who) else _TEXTS_EN)


def parts(total: int, chance: random.Random) -> list[int]:
    """``total`` units as orders of one to five units each."""
    found: list[int] = []
    while sum(found) < total:
        found.append(min(chance.choice((1, 1, 2, 2, 3, 4, 5)), total - sum(found)))
    return found


def take(targets: dict[str, int], quantity: int) -> str:
    """The option that lacks most of its target, which then lacks ``quantity`` less."""
    option = max(targets, key=lambda name: targets[name])
    targets[option] -= quantity
    return option


def power_bank(who: Actor, chance: random.Random) -> dict[str, Any]:
    """A power bank without options that need a large minimum."""
    answers: dict[str, Any] = {
        "shell_color": chance.choice(("black", "white")), "builtin_cable": "none", "display": "led4",
    }  # fmt: skip
    if chance.random() < 0.5:
        answers["laser_text"] = {"text": text(who, chance), "font": "kai" if chinese(who) else "sans"}
    return answers


def earphones(who: Actor, chance: random.Random) -> dict[str, Any]:
    """Earphones as most people want them."""
    return {
        "housing_color": chance.choice(("white", "black")),
        "finish": "gloss",
        "tuning": chance.choice(("neutral", "bass", "vocal")),
        "prompt_lang": "zh" if chinese(who) else "en",
        "eartip_size": chance.choice(("S", "M", "M", "L", "mixed")),
    }


def laptop(who: Actor, chance: random.Random, *, cpu: str) -> dict[str, Any]:
    """A 14 inch notebook."""
    return {
        "cpu": cpu,
        "gpu": "igpu",
        "ram_gb": chance.choice((16, 32)),
        "ssd1_gb": chance.choice((512, 1024, 1024, 2048)),
        "display": "ips_fhd",
        "lid_color": chance.choice(("gray", "silver")),
        "kbd_layout": "us",
        "charger_w": chance.choice((65, 100)),
        "os": chance.choice(("linux", "none", "win_home")),
    }
