#!/usr/bin/env sh
# Make an environment with the official SDK, to measure against it: make_reference_env.sh FOLDER
set -eu
"${PYTHON:-python3.11}" -m venv "$1"
"$1/bin/pip" install --quiet "weave==0.51.45" "wandb==0.19.10" "pydantic==2.11.4" "gql<4" sentry-sdk \
  "setuptools<81" opentelemetry-proto opentelemetry-semantic-conventions opentelemetry-semantic-conventions-ai sqlparse
echo "$(cd "$1" && pwd)/bin/python"
