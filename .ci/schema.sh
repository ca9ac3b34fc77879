#!/usr/bin/env bash
# Proves that every object that ras decode and ras collect write of the project's data is one of the published schema,
# examples/ras/schema/ras-v1.json, and that the schema refuses what is none. Needs: python3-venv, jsonschema from Python's
# registry.
. "$(dirname "$0")/lib.sh"
python=$(from_python jsonschema==4.26.0)
build_ras

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(examples/data)
without=
if [ -d ../shared/field ]; then sources+=(../shared/field); else without='; WITHOUT the inputs beside the repository'; fi
# Exit code 2 says that some records are bad, 1 that a file is none: some are, on purpose.
objects() {
  local name=$work/$1.json status=0
  shift
  "$ras" "$@" >"$name" 2>"$work/errors" || status=$?
  [ $status -le 2 ] || { cat "$work/errors" && die "exit status $status of ras $*"; }
}
objects decode decode --format json "${sources[@]}"
objects raw decode --format json --raw -v examples/data
objects collect collect --json - "${sources[@]}"
"$python/python" .ci/schema.py examples/ras/schema/ras-v1.json "$work"/*.json
echo "$(cat "$work"/*.json | wc -l) objects are of the schema$without"
