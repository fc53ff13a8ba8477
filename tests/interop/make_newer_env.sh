#!/usr/bin/env sh
# Make an environment with the newest official SDK that is tested: make_newer_env.sh FOLDER
set -eu
"${PYTHON:-python3.11}" -m venv "$1"
"$1/bin/pip" install --quiet "weave==0.54.0"
echo "$(cd "$1" && pwd)/bin/python"
