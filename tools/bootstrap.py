"""Makes a fresh machine ready: virtual environment, hash-locked packages, the system library PDFs need.

    python3 tools/bootstrap.py [runtime|dev|scaled]

Standard library only. The second time it compares one stamp and is done in a blink.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "requirements"

# shared object → Debian package; WeasyPrint lays text out with these
PDF_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
# a list that contains every package of another one does for it
WIDER = {"runtime": ("runtime", "scaled", "dev"), "scaled": ("scaled", "dev"), "dev": ("dev",)}


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "runtime"
    if name not in WIDER or len(arguments) > 1:
        return refuse(f"usage: bootstrap.py [{'|'.join(WIDER)}]")
    if sys.version_info < (3, 11):  # noqa: UP036 — this file is what tells people so
        return refuse(f"C2B needs Python 3.11 or newer, this is {sys.version.split()[0]}.")
    return ensure_pdf_libraries() or ensure_packages(name)


def ensure_pdf_libraries() -> int:
    missing = [package for library, package in PDF_LIBRARIES.items() if not loads(library)]
    if not missing:
        return 0
    return install_from_system(missing, why="to lay out PDFs")


def loads(library: str) -> bool:
    if sys.platform != "linux":
        return True  # named otherwise there; `c2b doctor` tries the real thing
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_from_system(packages: list[str], *, why: str) -> int:
    """Debian's packages where we may install them; otherwise the line a person can run."""
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return refuse(f"Missing {why}: {names}. Run: sudo apt-get install -y {names}")
    say(f"Installing {names} {why} (apt-get) …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    if done.returncode:
        return refuse(f"apt-get could not install {names}:\n{done.stderr.strip()[-600:]}")
    return 0


def ensure_packages(name: str) -> int:
    if any(
        stamp_of(wider).is_file() and stamp_of(wider).read_text() == state_of(wider) for wider in WIDER[name]
    ):
        return 0
    failed = ensure_venv()
    if failed:
        return failed
    say(f"Installing Python packages into .venv ({name}.lock, once) …")
    lock = str(LOCKS / f"{name}.lock")
    uv = find_uv()
    if uv is None or run(
        uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", lock
    ):
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if run(*pip, "--require-hashes", "-r", lock):
            return refuse("The packages could not be installed; is the package index reachable?")
    make_importable()
    stamp_of(name).write_text(state_of(name))
    return 0


def ensure_venv() -> int:
    if PYTHON.exists() and run(str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))") == 0:
        return 0
    try:
        import ensurepip  # noqa: F401 — Debian ships it apart from Python
    except ImportError:
        failed = install_from_system(
            [f"python3.{sys.version_info.minor}-venv"], why="to make a virtual environment"
        )
        if failed:
            return failed
    if run(sys.executable, "-m", "venv", "--clear", str(VENV)):
        return refuse("The virtual environment .venv could not be made.")
    return 0


def find_uv() -> str | None:
    """uv installs in seconds what takes pip a minute; without it pip does the work."""
    own = VENV / "bin" / "uv"
    if not own.exists():
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if run(*pip, "--require-hashes", "-r", str(LOCKS / "uv.lock"), quiet=True):
            return shutil.which("uv")
    return str(own)


def make_importable() -> None:
    """What an editable installation is, without a build: the checkout on the path, and the `c2b` command."""
    [site] = VENV.glob("lib/python3*/site-packages")
    (site / "c2b-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "c2b"
    command.write_text(f"#!{PYTHON}\nimport sys\nfrom c2b.cli import main\nsys.exit(main())\n")
    command.chmod(0o755)


def stamp_of(name: str) -> Path:
    return VENV / f".c2b-{name}"


def state_of(name: str) -> str:
    lock = hashlib.sha256((LOCKS / f"{name}.lock").read_bytes()).hexdigest()
    return f"{lock} {ROOT}\n"


def run(*command: str, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def refuse(sentence: str) -> int:
    say(sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
