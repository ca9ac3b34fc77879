#!/usr/bin/env bash
# Proves that firmware without heap or operating system, on a Cortex-M4, says of captured records what the same code says
# on the host; prints its size. Needs: network for Debian's packages (QEMU, Rust with its library's source, lld), clippy.
. "$(dirname "$0")/lib.sh"
need qemu-system-arm lld-22 binutils
manifest=(--manifest-path examples/bmc/Cargo.toml)
target=(--target-dir target/bmc)
cargo fmt "${manifest[@]}" --check
cargo clippy "${manifest[@]}" "${target[@]}" --quiet --locked --lib --bins --examples -- -D warnings
cargo test "${manifest[@]}" "${target[@]}" --quiet --locked --lib

folder=$PWD/target/bmc/board
rm -rf "$folder"
mkdir -p "$folder"
# Every captured record but the long logs, among other bytes; one of these logs; one that is cut off in the end.
records=examples/data/records
{
  find $records -name '*.cper' -size -2k | sort | while read -r record; do
    cat "$record"
    printf 'noise CPE'
  done
  cat $records/crash-none.01-*.cper
  head -c 3000 $records/syn-dmesg.cper
} >"$folder/stream"
cargo run "${manifest[@]}" "${target[@]}" --quiet --locked --example host <"$folder/stream" >"$folder/host"
expected=$(wc -l <"$folder/host")
[ "$expected" -ge 12 ] || die "the host said $expected lines"

(
  debian_rust
  RUSTFLAGS="-Clinker=ld.lld-22 -Clinker-flavor=ld.lld -Clink-arg=-Tlink.ld" cargo build "${manifest[@]}" "${target[@]}" \
    --locked --release --bin firmware --target thumbv7em-none-eabi -Zbuild-std=core \
    -Zbuild-std-features=compiler-builtins-mem
)
firmware=target/bmc/thumbv7em-none-eabi/release/firmware
: >"$folder/board"
qemu-system-arm -M mps2-an386 -kernel "$firmware" -display none -monitor none -chardev stdio,id=uart,signal=off \
  -serial chardev:uart <"$folder/stream" >"$folder/board" 2>"$folder/qemu" &
board=$!
trap 'kill $board 2>/dev/null' EXIT
started=$SECONDS
while [ "$(wc -l <"$folder/board")" -lt "$expected" ] && [ $((SECONDS - started)) -lt 120 ]; do
  kill -0 $board || { cat "$folder/qemu" && die "QEMU has ended"; }
  sleep 0.2
done
diff "$folder/host" "$folder/board"
code=$(size -A "$firmware" | awk '$1 == ".text" { code = $2 } $1 == ".rodata" { data = $2 } END { print code, "bytes of code,", data, "of constants" }')
echo "$expected lines from a Cortex-M4 are the host's; the firmware has $code"
