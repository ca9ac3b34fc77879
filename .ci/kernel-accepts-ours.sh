#!/usr/bin/env bash
# Proves that Linux 6.1 and 6.12 take the records these crates write for their own: logs, machine checks, every kind of
# section, sealed and not. Needs: network for Debian's packages (QEMU, kernels), gcc.
. "$(dirname "$0")/lib.sh"
exec examples/end-to-end/kernel-accepts-ours.sh
