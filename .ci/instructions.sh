#!/usr/bin/env bash
# Proves that the panic path writes the bytes that C writes, in no more instructions than its budgets and, but for 2 %,
# than the numbers in benches/instructions.tsv. Needs: gcc, clang, valgrind.
. "$(dirname "$0")/lib.sh"
need gcc libc6-dev clang valgrind python3
benches/instructions --gate --no-time
