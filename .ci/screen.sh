#!/usr/bin/env bash
# Proves what a person sees: the first screen of `ras decode` on a terminal of 80 x 24 and of 120 x 40, of six stores,
# against the screens kept in examples/ras/tests/screens; that an interrupt is the pager's, and the program ends after it;
# that nothing is left on the screen of how far a long run was. tmux is the terminal, less the pager.
# UPDATE_EXPECTED=1 .ci/screen.sh keeps what is shown, to be read by eye.
# Needs: tmux, less.
. "$(dirname "$0")/lib.sh"
need tmux less
build_ras
kept=$PWD/examples/ras/tests/screens
work=$(mktemp -d)
number=0
terminal() { tmux -u -S "$work/$number" -f "$work/tmux.conf" "$@"; }
trap 'terminal kill-server 2>/dev/null; rm -rf "$work"' EXIT
# All rows are the program's.
printf 'set -g status off\nset -g default-terminal xterm-256color\n' >"$work/tmux.conf"

declare -A stores=(
  [mce-intel]=erst-images/mce-intel.img
  [syn]=erst-images/syn.img
  [synbad]=erst-images/synbad.img
  [bert]=bert/bert-region.bin
  [efi]=efi
  [pstore]=pstore/crash-z-multi-list
)

# show COLUMNS ROWS COMMAND: runs a command of the shell in a terminal of that size; its $ras is the program.
show() {
  terminal kill-server 2>/dev/null || true
  # A server that ends still has its socket for a while.
  number=$((number + 1))
  terminal new-session -d -x "$1" -y "$2" \
    "trap : INT; ras='env -u NO_COLOR -u LESS -u PAGER -u RAS_PAGER LC_ALL=C.UTF-8 TZ=UTC RAS_PCI_IDS=/dev/null $ras'; $3; sleep 100"
}

# shown FILE: the screen is that of the file, or becomes it within ten seconds.
shown() {
  local tries=0
  until terminal capture-pane -p >"$work/screen" && cmp -s "$work/screen" "$1"; do
    [ $((tries += 1)) -lt 100 ] || return 1
    sleep 0.1
  done
}

# settled: the screen has something on it, and has not changed for a second.
settled() {
  local same=0
  : >"$work/before"
  while [ $same -lt 10 ]; do
    sleep 0.1
    terminal capture-pane -p >"$work/screen"
    if grep -q . "$work/screen" && cmp -s "$work/screen" "$work/before"; then same=$((same + 1)); else same=0; fi
    cp "$work/screen" "$work/before"
  done
}

failed=0
for size in '80 24' '120 40'; do
  read -r columns rows <<<"$size"
  for store in "${!stores[@]}"; do
    file=$kept/$store-${columns}x$rows.txt
    show "$columns" "$rows" "\$ras decode 'examples/data/${stores[$store]}'"
    if [ -n "${UPDATE_EXPECTED:-}" ]; then
      settled
      mkdir -p "$kept"
      cp "$work/screen" "$file"
    elif ! shown "$file"; then
      echo "$store, $columns x $rows: the screen is not $file:"
      diff "$file" "$work/screen" || failed=1
    fi
  done
done
[ $failed -eq 0 ] || die 'screens differ from what is kept'

# has TEXT: the screen has a line that is this text, within ten seconds.
has() {
  local tries=0
  until terminal capture-pane -p | grep -qxF "$1"; do
    [ $((tries += 1)) -lt 100 ] || { terminal capture-pane -p && die "no line '$1' on the screen"; }
    sleep 0.1
  done
}

# less waits for a key with a colon in the last row. An interrupt is none of the program's business then.
show 80 24 "\$ras decode -v examples/data/${stores[synbad]}; echo \"ended with \$?\""
has :
terminal send-keys C-c
terminal send-keys G
has '(END)'
terminal send-keys q
has 'ended with 2'
# The pager of whoever reads no further takes the rest with it.
show 80 24 "\$ras decode -v examples/data/records; echo \"ended with \$?\""
has :
terminal send-keys q
has 'ended with 2'

# What is left out is said behind what is shown, and not into a pager's screen.
show 80 24 "\$ras decode -q --severity fatal examples/data/${stores[syn]}"
has 'ras: 2 events left out: 2 less severe.'
[ "$(terminal capture-pane -p | grep . | tail -1)" = 'ras: 2 events left out: 2 less severe.' ] ||
  die 'what is left out is not said last'

# Standard input that is slow: on the way the number of bytes is shown, at the end the screen is that without it.
image=examples/data/${stores[mce-intel]}
show 80 24 "\$ras decode --no-pager - <$image"
settled
cp "$work/screen" "$work/quick"
show 80 24 "{ cat $image; sleep 1.5; } | \$ras decode --no-pager -"
shown "$work/quick" || { diff "$work/quick" "$work/screen" || die 'a slow run leaves something on the screen'; }

echo "$((2 * ${#stores[@]})) screens of ${#stores[@]} stores are as they are kept"
