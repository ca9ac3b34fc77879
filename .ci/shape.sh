#!/usr/bin/env bash
# Proves that the public interface of the four crates speaks one grammar: what is a wire structure, a view, an error, a
# number or a value of bytes has the same members in every crate (.ci/shape.py has the rules). It reads the lists that the
# gate `api` keeps. Needs: python3.
. "$(dirname "$0")/lib.sh"
python3 .ci/shape.py .ci/api/*.txt
