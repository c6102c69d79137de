#!/bin/sh
# Checks types and style of the pages' scripts, where npm can install what does so.
set -eu

tools=.venv/js
if [ ! -d "$tools" ]; then
    mkdir -p "$tools"
    npm install --prefix "$tools" typescript@5 eslint@9 >/dev/null 2>&1 || true  # told below
fi
if [ ! -x "$tools/node_modules/.bin/eslint" ] || [ ! -x "$tools/node_modules/.bin/tsc" ]; then
    echo "npm cannot install typescript and eslint; the pages' scripts are not checked"
    exit 0
fi
"$tools/node_modules/.bin/tsc" --project tools/tsconfig.json
"$tools/node_modules/.bin/eslint" --config tools/eslint.config.mjs pikos
