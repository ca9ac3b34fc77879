#!/usr/bin/env bash
# Proves that DuckDB answers the questions of examples/ras/FLEET.md as it says there, that runs add up whatever their
# order, that all sinks tell of the same events, and that Prometheus' own tool takes the counts. Needs: python3-venv,
# DuckDB from Python's registry, the prometheus package.
. "$(dirname "$0")/lib.sh"
duckdb=$(from_python duckdb==2.0.1)
fetch_deb "$cache/prometheus" prometheus
build_ras

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# collect NAME SOURCE...: exit code 2 says that some records are bad, and some are, on purpose.
collect() {
  local name=$work/$1 status=0
  shift
  "$ras" collect --parquet "$name.parquet" --json "$name.json" --sqlite "$name.db" --prometheus "$name.prom" "$@" \
    >"$work/text" 2>&1 || status=$?
  [ $status = 0 ] || [ $status = 2 ] || { cat "$work/text" && die "exit status $status"; }
}
collect once examples/data
collect twice examples/data/erst-images examples/data/gesb
collect twice examples/data
for file in "$work"/twice.*; do cp "$file" "$work/kept.${file##*.}"; done
collect twice examples/data
for kind in parquet json prom; do
  cmp "$work/kept.$kind" "$work/twice.$kind" || die "a run that found nothing new changed the $kind"
done
for name in once twice; do "$cache/prometheus/usr/bin/promtool" check metrics <"$work/$name.prom"; done
mkdir "$work/hosts"
"$ras" collect --parquet "$work/hosts/intel.parquet" examples/data/erst-images/mce-intel.img >"$work/text" 2>&1
"$ras" collect --parquet "$work/hosts/amd.parquet" examples/data/erst-images/mce-amd.img >"$work/text" 2>&1
"$duckdb/python" .ci/fleet.py "$work" examples/ras/FLEET.md "${1:-}"
