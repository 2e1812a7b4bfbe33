#!/bin/sh
# Writes the hash-locked lists anew from pyproject.toml. Needs uv (`make lock`). No registry appears in them.
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --no-annotate --quiet "$@"
}
compile --extra dev --output-file requirements/dev.lock
# the same versions as in development, only fewer
compile --constraint requirements/dev.lock --output-file requirements/runtime.lock
compile --constraint requirements/dev.lock --extra postgres --extra rabbitmq --extra redis --output-file requirements/scaled.lock
echo uv | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --no-annotate --quiet --output-file requirements/uv.lock
