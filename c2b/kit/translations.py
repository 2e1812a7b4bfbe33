"""Keeps the Chinese texts complete: what the source says against what `locales/zh_CN/*.po` answer.

`c2b i18n check` names every fault; `c2b i18n update` adds new messages to the file of their area, empty and ready to
be translated, and drops those nobody says anymore.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import PoFileError, read_po, write_po

from c2b.config import ROOT

LOCALE = "zh_CN"
SOURCES = ("c2b/**/*.py", "workflows/**/*.py", "templates/**/*.*")
JINJA_OPTIONS = {
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "silent": "false",  # a template that does not parse is a fault, not an empty one
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}

# a template lies with the people it speaks to; its words lie with the same area
AREA_OF_TEMPLATES = {"emails": "emails", "documents": "documents"}
# folder, wherever it lies → area: the pages of an audience, and everything a payment provider says
AREA_OF_FOLDERS = {
    "consumer": "consumer", "manufacturer": "manufacturer", "admin": "admin",
    "gateways": "sandbox", "sandbox": "sandbox",
}  # fmt: skip

# legally loaded or wrong for what we do (a forfeitable deposit, crowdfunding, presale)
FORBIDDEN_WORDS = ("定金", "众筹", "预售")

_PLACEHOLDER = re.compile(r"\{(\w+)[^{}]*\}|%\((\w+)\)s")


@dataclass(frozen=True)
class Said:
    """A message in the source: its forms in English and the first place that says it."""

    singular: str
    plural: str | None
    place: str  # "templates/pages/consumer/join.html:12"


@dataclass(frozen=True)
class Fault:
    """One thing to mend, in words for the person who mends it."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def check(root: Path = ROOT) -> int:
    """Print every fault; 1 where there is one."""
    said = messages_in(root)
    faults = sorted(faults_of(said, catalogs_in(root)), key=str)
    for fault in faults:
        print(fault)
    print(
        f"{len(said)} messages, {len(faults)} faults." if faults else f"{len(said)} messages, all in Chinese."
    )
    return 1 if faults else 0


def update(root: Path = ROOT) -> int:
    """Bring the files in step with the source; 1 while a message waits for its translation."""
    said, catalogs = messages_in(root), catalogs_in(root)
    known = {first(message.id) for catalog in catalogs.values() for message in entries(catalog)}
    changed = {name for name, catalog in catalogs.items() if drop_stale(catalog, said)}
    for message in said.values():
        if message.singular not in known:
            name = f"{area_of(message.place)}.po"
            catalog = catalogs.setdefault(name, Catalog(locale=LOCALE))
            catalog.add((message.singular, message.plural) if message.plural else message.singular)
            changed.add(name)
            print(f"{name}: {shorten(message.singular)}")
    folder = root / "locales" / LOCALE
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(changed):
        with (folder / name).open("wb") as file:
            write_po(file, catalogs[name], width=0, omit_header=False, no_location=True, ignore_obsolete=True)
    return check(root)


def messages_in(root: Path) -> dict[str, Said]:
    """Every message the source says, by its English (singular) form."""
    said: dict[str, Said] = {}
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            for message in messages_of(path, root):
                earlier = said.get(message.singular)
                if earlier is None or (earlier.plural is None and message.plural):
                    said[message.singular] = message
    return said


def messages_of(path: Path, root: Path) -> Iterator[Said]:
    """The messages of one Python file or template."""
    method, options = ("python", {}) if path.suffix == ".py" else ("jinja2", JINJA_OPTIONS)
    if path.name == "i18n.py":
        return  # defines the words that mark a message
    for line, forms, _, _ in extract_from_file(method, path, keywords=DEFAULT_KEYWORDS, options=options):
        singular, plural = (forms, None) if isinstance(forms, str) else (forms[0], forms[1])
        if singular:
            yield Said(singular, plural, f"{path.relative_to(root)}:{line}")


def catalogs_in(root: Path) -> dict[str, Catalog]:
    """The translation files by name. A file that cannot be read ends the check with its fault."""
    catalogs = {}
    for path in sorted((root / "locales" / LOCALE).glob("*.po")):
        try:
            with path.open("rb") as file:
                catalogs[path.name] = read_po(file, locale=LOCALE, abort_invalid=True)
        except PoFileError as error:
            sys.exit(f"{path.relative_to(root)}: {error}")
    return catalogs


def faults_of(said: Mapping[str, Said], catalogs: Mapping[str, Catalog]) -> Iterator[Fault]:
    """What keeps the translation from being complete, unambiguous and true to its placeholders."""
    translated: dict[str, tuple[str, str]] = {}  # English → (Chinese, file)
    for name, catalog in catalogs.items():
        for message in entries(catalog):
            msgid, text = first(message.id), first(message.string)
            place = f"locales/{LOCALE}/{name}:{message.lineno or 0}"
            if msgid not in said:
                yield Fault(place, f"stale, nobody says it anymore: {shorten(msgid)}")
                continue
            for what in faults_of_one(said[msgid], text, fuzzy=message.fuzzy):
                yield Fault(place, f"{what}: {shorten(msgid)}")
            earlier = translated.setdefault(msgid, (text, name))
            if earlier[0] != text:
                yield Fault(place, f"translated otherwise in {earlier[1]}: {shorten(msgid)}")
    for missing in said.values():
        if missing.singular not in translated:
            yield Fault(missing.place, f"not in locales/{LOCALE}: {shorten(missing.singular)}")


def faults_of_one(said: Said, text: str, *, fuzzy: bool) -> Iterator[str]:
    """The faults of one translation."""
    if fuzzy:
        yield "marked fuzzy, somebody should look"
    if not text.strip():
        yield "not translated"
        return
    if placeholders(text) != placeholders(said.plural or said.singular):
        wanted = " ".join(sorted(placeholders(said.plural or said.singular))) or "none"
        yield f"other placeholders than the English ({wanted})"
    for word in FORBIDDEN_WORDS:
        if word in text:
            yield f"says {word}, which is not what we do"


def placeholders(text: str) -> frozenset[str]:
    """The names a message is filled with: `{title}` and `%(title)s`."""
    return frozenset(braces or percent for braces, percent in _PLACEHOLDER.findall(text))


def area_of(place: str) -> str:
    """The file (without ending) that owns a message said at `place`."""
    parts = place.split(":")[0].split("/")
    for folder in parts[:-1]:
        if folder in AREA_OF_FOLDERS:
            return AREA_OF_FOLDERS[folder]
    if parts[0] == "templates":
        return AREA_OF_TEMPLATES.get(parts[1], "web")
    return parts[1] if len(parts) > 2 else parts[0] if parts[0] == "workflows" else "kit"


def drop_stale(catalog: Catalog, said: Mapping[str, Said]) -> bool:
    stale = [message.id for message in entries(catalog) if first(message.id) not in said]
    for msgid in stale:
        catalog.delete(msgid)
    return bool(stale)


def entries(catalog: Catalog) -> Iterable[Message]:
    """The messages of a file without its header."""
    return [message for message in catalog if message.id]


def first(forms: object) -> str:
    """The only form of a plain message, the first of a counted one."""
    if isinstance(forms, str):
        return forms
    return str(forms[0]) if isinstance(forms, list | tuple) and forms else ""


def shorten(text: str) -> str:
    return repr(text if len(text) <= 70 else text[:69] + "…")
