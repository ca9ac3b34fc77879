#!/usr/bin/env bash
# Proves the whole story on kernels and a device that nobody here wrote, by playing it: errors of a dying machine into ERST,
# and out of it again. One play is examples/end-to-end/PLAY.sh; it takes seconds to minutes, its console logs are in
# target/end-to-end/PLAY. Needs: network for Debian's packages (QEMU, kernels and their headers, Rust with its library's
# source, rasdaemon), gcc, root to install them and to mount.
# usage: .ci/end-to-end.sh [PLAY...]
. "$(dirname "$0")/lib.sh"
plays=(panic fatal-error replay kernel-accepts-ours kernel-text module)
[ $# -eq 0 ] || plays=("$@")
for play in "${plays[@]}"; do
  started=$SECONDS
  echo "── $play"
  "examples/end-to-end/$play.sh"
  echo "── $play: $((SECONDS - started)) s"
done
echo "${#plays[@]} plays in $SECONDS s: ${plays[*]}"
