#!/usr/bin/env bash
# Proves that the panic path writes the bytes that C writes, in no more instructions than its budgets and, but for 2 %,
# than the numbers in benches/instructions.tsv, and that its work grows with a record's length and no faster: as a program
# is built, and as a kernel is, without vector registers, beside C built so.
# Needs: network for Debian's packages (gcc, clang, valgrind, Rust with its library's source).
. "$(dirname "$0")/lib.sh"
need gcc libc6-dev clang valgrind python3
benches/instructions --gate
benches/instructions --gate --kernel
