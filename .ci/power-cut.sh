#!/usr/bin/env bash
# Proves that 50 power cuts at random moments of a machine's writing leave its store readable, every record that was
# stored before whole, and a torn one told by its seal. Needs: network for Debian's packages (QEMU, kernel), gcc.
. "$(dirname "$0")/lib.sh"
exec examples/end-to-end/power-cut.sh
