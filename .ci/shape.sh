#!/usr/bin/env bash
# Proves that the public interface of the four crates speaks one grammar: wire structures have private fields, and a set_x
# for each with_x; views have bytes, structure, trailing and missing; errors have kind and offset, and kinds may grow; open
# values, numbers and flags have the same members; no name is a word of our own making. It reads the lists that
# .ci/api.sh keeps. Needs: python3.
. "$(dirname "$0")/lib.sh"
python3 .ci/shape.py .ci/api/*.txt
