#!/usr/bin/env bash
# Proves that the shell scripts are free of shellcheck's findings and that the Python ones compile. Needs: shellcheck.
. "$(dirname "$0")/lib.sh"
need shellcheck
mapfile -t shell < <(git grep -lE '^#!.*(ba)?sh$' -- ':!examples/data')
mapfile -t python < <(git ls-files '*.py')
shellcheck -x -P SCRIPTDIR "${shell[@]}" .ci/lib.sh
[ ${#python[@]} -eq 0 ] || python3 -c 'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]' "${python[@]}"
echo "${#shell[@]} shell and ${#python[@]} Python scripts"
