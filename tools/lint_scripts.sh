#!/bin/sh
# Checks types and style of the pages' scripts, where npm can install what does so.
set -eu

tools=.venv/js
if [ ! -d "$tools" ]; then
    rm -rf "$tools.new"  # of an installation that was interrupted
    mkdir -p "$tools.new"
    npm install --prefix "$tools.new" typescript@5 eslint@9 >/dev/null 2>&1 || true  # told below
    mv "$tools.new" "$tools"
fi
if [ ! -x "$tools/node_modules/.bin/eslint" ] || [ ! -x "$tools/node_modules/.bin/tsc" ]; then
    echo "npm cannot install typescript and eslint; the pages' scripts are not checked"
    exit 0
fi
"$tools/node_modules/.bin/tsc" --project tools/tsconfig.json
"$tools/node_modules/.bin/eslint" --config tools/eslint.config.mjs pikos
