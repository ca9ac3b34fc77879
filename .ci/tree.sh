#!/usr/bin/env bash
# Proves that the tree names no machine or registry, holds no secret, no foreign licence and nothing left open, that
# every gate is run by something, and that every break of .ci/breaks.sh still finds its text. Needs: python3.
. "$(dirname "$0")/lib.sh"
bad=0
# refuse WHAT PATTERN [PATHSPEC...]: no tracked line matches. Each pattern has a [] so that it does not match itself.
refuse() {
  local what=$1 pattern=$2
  shift 2
  if git grep -nIE "$pattern" -- . ':!Cargo.lock' ':!*/Cargo.lock' "$@"; then
    echo "^ $what"
    bad=1
  fi
}
refuse "a path of somebody's machine" '/wor[k]/|/hom[e]/[a-z]+/|/roo[t]/|/tm[p]/[a-z]+-lab'
refuse "a package registry's address" '(index|static)\.crate[s]\.io|pyp[i]\.org|registry\.npmj[s]|de[b]\.debian\.org|artifactor[y]'
refuse "a secret" 'BEGIN [A-Z ]*PRIVATE KE[Y]|AKI[A][0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{36}'
refuse "another project's licence" 'SPDX-License-Identifier:[ ](GPL|LGPL|AGPL)|GNU (Lesser |Affero )?General Public Licens[e]' ':!examples/data'
refuse "something left open" 'todo[!]|unimplemented[!]|\b(TOD[O]|FIXM[E]|XX[X])\b|#\[ignor[e]' ':!examples/data'

for script in .ci/*.sh; do
  name=$(basename "$script" .sh)
  [ "$name" = lib ] && continue
  [ -x "$script" ] || { echo "$script is not executable" && bad=1; }
  sed -n 2p "$script" | grep -q '^# Proves ' || { echo "$script does not begin with what it proves" && bad=1; }
  grep -qE "^(gates=|.*set -- ).*\b$name\b" .ci/run .ci/long || { echo "no one runs $script" && bad=1; }
done
python3 .ci/breaks.py || bad=1
[ $bad = 0 ]
echo "$(git ls-files | wc -l) files"
