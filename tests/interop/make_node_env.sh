#!/usr/bin/env sh
# Make a folder with the official TypeScript SDK: make_node_env.sh FOLDER
set -eu
mkdir -p "$1"
cd "$1"
echo '{"name": "interop", "private": true, "type": "module"}' >package.json
npm install --silent --no-audit --no-fund "weave@0.11.1" >&2
pwd
