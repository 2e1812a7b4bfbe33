"""Which browser it was, in words its owner recognizes. Only for show: anybody can send any User-Agent."""

from __future__ import annotations

#: The first that fits: most browsers also name the ones they descend from.
_BROWSERS = [
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
]
_SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]


def browser_of(user_agent: str) -> str:
    """ "Firefox · Windows"; the first word of an unknown program; empty for none."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), user_agent.split("/")[0][:40])
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)
