#!/bin/sh
# Installs what `cargo build --release -p ras-records --all-features` has built: the command ras, its man pages, the
# completions of three shells, FLEET.md, and the units, which are not enabled. PREFIX (/usr/local) says below which folder;
# who makes a package sets PREFIX=/usr, and DESTDIR to the folder that becomes the package.
set -eu
cd "$(dirname "$0")/../.."
ras=${CARGO_TARGET_DIR:-target}/release/ras
[ -x "$ras" ] || {
  echo "there is no $ras: cargo build --release -p ras-records --all-features" >&2
  exit 1
}
prefix=${PREFIX:-/usr/local}
to=${DESTDIR:-}$prefix
install -D "$ras" "$to/bin/ras"
install -D -m 644 -t "$to/lib/systemd/system" examples/ras/systemd/*.service examples/ras/systemd/*.timer
sed -i "s|file:///usr/local/|file://$prefix/|" "$to"/lib/systemd/system/ras-*.service
install -D -m 644 -t "$to/share/doc/ras-records" examples/ras/FLEET.md

install -d "$to/share/man/man1"
"$ras" man "$to/share/man/man1"
# completions SHELL FILE
completions() {
  install -d "$(dirname "$to/share/$2")"
  "$ras" completions "$1" >"$to/share/$2"
}
completions bash bash-completion/completions/ras
completions zsh zsh/site-functions/_ras
completions fish fish/vendor_completions.d/ras.fish
echo "installed below $to"
# Lines of help are broken where a terminal ends: it is given none.
lacks=$(echo | "$ras" collect --help 2>&1 | sed -n 's/^ *\(--[a-z]*\) .*(not in this build)$/ \1/p' | tr -d '\n')
[ -z "$lacks" ] || echo "the installed ras lacks$lacks, which a build with --all-features has"
