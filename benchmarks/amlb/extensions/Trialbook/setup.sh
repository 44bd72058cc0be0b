#!/usr/bin/env bash
# setup.sh BENCHMARK [VERSION]: installs Trialbook into venv/ beside this file. VERSION is "local",
# which means the repository that this folder is part of, or a release.
set -e
HERE=$(cd "$(dirname "$0")" && pwd -P)
BENCHMARK=$1
VERSION=${2:-local}

# Defines PIP and PY, which use the environment of this folder.
. "$BENCHMARK/frameworks/shared/setup.sh" "$HERE" true

if [[ "$VERSION" == local ]]; then
    ROOT=$(cd "$HERE/../../../.." && pwd -P)
    PIP install "$ROOT" --constraint "$ROOT/constraints.txt"
elif [[ "$VERSION" == stable || "$VERSION" == latest ]]; then
    PIP install --upgrade trialbook
else
    PIP install "trialbook==$VERSION"
fi

mkdir -p "$HERE/.setup"
PY -c "import importlib.metadata as m; print(m.version('trialbook'))" >> "$HERE/.setup/installed"
