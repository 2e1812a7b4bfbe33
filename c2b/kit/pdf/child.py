"""The program of the child process: draws one document after another until nobody asks for more.

Started as ``python -m c2b.kit.pdf.child`` with its limits as arguments; requests come in on standard input, replies go
out on the original standard output. It ends by itself when its parent is gone, when it has been idle for long, or when
it has grown, and is simply started again.
"""

from __future__ import annotations

import argparse
import base64
import gc
import logging
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pikepdf
import weasyprint
from weasyprint.urls import FatalURLFetchingError

from c2b.kit import fonts
from c2b.kit.pdf import assemble, sandbox, wire
from c2b.kit.pdf.fetcher import AssetFetcher

#: Grown beyond this, a child makes room for a fresh one: freed memory rarely goes back to the system.
GROWN_BYTES = 260 * 1024 * 1024


def render(request: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Draw ``html``, or what ``template`` amounts to, into the file ``into``.

    The reply holds the number of pages and what the layout engine complained of.
    """
    assets = {name: base64.b64decode(data) for name, data in request["assets"].items()}
    fetcher, into = AssetFetcher(assets), Path(request["into"])
    document = weasyprint.HTML(string=html_of(request), base_url=None, url_fetcher=fetcher).render()
    document.write_pdf(into, pdf_identifier=b"c2b")
    if fetcher.refused:
        into.unlink()
        raise FatalURLFetchingError(fetcher.refused[0])
    return {"pages": len(document.pages), "warnings": warnings[:20]}


def html_of(request: dict[str, Any]) -> str:
    """The page itself: given, or made here from a template."""
    if "html" in request:
        return str(request["html"])
    from c2b.kit import i18n, templating  # only where needed: they take a quarter of a second to load

    template = request["template"]
    with i18n.use_locale(template["locale"], zone=template["zone"]):
        return templating.render(template["name"], **drawable(template["context"]))


def drawable(value: Any) -> Any:
    """`value` with every text in it fit to be drawn."""
    if isinstance(value, str):
        return fonts.drawable(value)
    if isinstance(value, list):
        return [drawable(item) for item in value]
    return {key: drawable(item) for key, item in value.items()} if isinstance(value, dict) else value


def merge(request: dict[str, Any], _warnings: list[str]) -> dict[str, Any]:
    """Put the files ``parts`` together under the pages of ``overlay``."""
    pages = assemble.merge_and_stamp(
        request["parts"], overlay=request["overlay"], into=request["into"], links=request["links"]
    )
    return {"pages": pages}


VERBS: dict[str, Callable[[dict[str, Any], list[str]], dict[str, Any]]] = {"render": render, "merge": merge}


def answer(request: dict[str, Any], *, cpu_seconds: int, warnings: list[str]) -> dict[str, Any]:
    """Carry out one request. Failures become replies: ``refused`` (never retry) or ``failed`` (may be retried)."""
    sandbox.allow_cpu(cpu_seconds)
    warnings.clear()
    gc.disable()  # a seventh of the time of a long table is spent looking for garbage that is not there
    try:
        return VERBS[request["verb"]](request, warnings)
    except FatalURLFetchingError as error:
        return {"refused": "forbidden_address", "detail": str(error)}
    except assemble.ForbiddenContent as error:
        return {"refused": "forbidden_content", "detail": str(error)}
    except RecursionError:
        return {"refused": "too_deep", "detail": "nested deeper than the layout engine can follow"}
    except (OSError, pikepdf.PdfError) as error:
        return {"failed": "input_output", "detail": str(error)[:300]}
    except Exception as error:  # whatever a layout engine trips over, it will trip over again
        if isinstance(error, MemoryError) or sandbox.hit_memory_limit():
            return {
                "refused": "too_large",
                "detail": "needs more memory than one document may use",
                "exit": True,
            }
        return {"refused": "cannot_draw", "detail": f"{type(error).__name__}: {error}"[:300], "exit": True}
    finally:
        gc.enable()
        gc.collect()


def serve(requests: IO[bytes], replies: IO[bytes], *, cpu_seconds: int, idle_seconds: int) -> None:
    """Answer requests until the parent is gone, the process is idle for long or has grown."""
    warnings = collect_warnings()
    while select.select([requests], [], [], idle_seconds)[0]:
        request = wire.receive(requests)
        if request is None:
            return
        reply = answer(request, cpu_seconds=cpu_seconds, warnings=warnings)
        reply["exit"] = reply.get("exit", False) or sandbox.peak_bytes() > GROWN_BYTES
        wire.send(replies, reply)
        if reply["exit"]:
            return


def collect_warnings() -> list[str]:
    """What the layout engine logs from now on, as a list that fills itself."""
    found: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage()[:300])  # type: ignore[method-assign]
    logger = logging.getLogger("weasyprint")
    logger.handlers, logger.propagate = [handler], False
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--memory-bytes", "--cpu-seconds", "--idle-seconds"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not end up between two frames
    requests = os.fdopen(0, "rb", buffering=0)
    sandbox.confine(memory_bytes=given.memory_bytes)
    serve(requests, replies, cpu_seconds=given.cpu_seconds, idle_seconds=given.idle_seconds)


if __name__ == "__main__":
    main()
