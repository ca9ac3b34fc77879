#!/usr/bin/env bash
# Proves that systemd takes the units beside `ras collect`, in the order that loses nothing and with what they may do
# cut down; that the replay of events leaves rasdaemon's database alone where rows are written into it; that what README.md's
# commands install in an empty root is whole: command, man pages, completions and units; and that on a machine booted from
# that root the units do their work, with every sink and every drop-in that the documentation has, and hold up nothing.
# Needs: network for Debian's packages (QEMU, kernel, systemd, groff), root.
. "$(dirname "$0")/lib.sh"
need systemd groff-base
build_ras
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program is not installed here: the unit is checked with the one that was built.
for unit in ras-collect.service ras-collect.timer ras-replay.service; do
  sed "s|^ExecStart=ras |ExecStart=$ras |" "examples/ras/systemd/$unit" >"$work/$unit"
done
complaints=$(systemd-analyze verify --man=no --recursive-errors=no "$work"/ras-*.* 2>&1) || die "$complaints"
[ -z "$complaints" ] || die "$complaints"
for other in systemd-pstore.service rasdaemon.service; do
  grep -q "^Before=.*$other" "$work/ras-collect.service" || die "not before $other"
done
exposure=$(systemd-analyze security --offline=yes --threshold=30 "$work/ras-collect.service") ||
  die "too much is allowed: $exposure"

examples/end-to-end/unit.sh | tee "$work/boot"

installed=target/end-to-end/unit/installed
pages=("$installed"/man/man1/*.1)
[ ${#pages[@]} -gt 4 ] || die "${#pages[@]} man pages were installed"
for page in "${pages[@]}"; do
  complaints=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
  [ -z "$complaints" ] || die "$page: $complaints"
done
for option in sqlite json parquet prometheus archive clear dry-run; do
  grep -q -- "${option//-/\\\\-}" "$installed/man/man1/ras-collect.1" || die "ras-collect(1) does not tell of --$option"
done
for file in bash-completion/completions/ras zsh/site-functions/_ras fish/vendor_completions.d/ras.fish; do
  grep -q collect "$installed/$file" || die "completions: $file"
done
cmp "$installed/doc/ras-records/FLEET.md" examples/ras/FLEET.md
bash -n "$installed/bash-completion/completions/ras"
echo "3 units, ${#pages[@]} man pages, completions of 3 shells; $(tail -n 1 "$work/boot"); $(tail -n 1 <<<"$exposure" | tr -d '→')"
