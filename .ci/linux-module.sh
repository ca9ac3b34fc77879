#!/usr/bin/env bash
# Proves that the Linux module builds for two kernels without a warning of theirs, that its C part keeps their style, and
# that what runs while the machine dies (each rust_store_*) has no path to a panic, makes no indirect call and needs at
# most 512 bytes of stack, the C part's included; and that the replay of events needs half of a process's stack at the most.
# Needs: network for Debian's packages (headers, kernel source, Rust with its library's source, lld), gcc.
. "$(dirname "$0")/../examples/linux-module/build.sh"
need lld-22 llvm-22 python3
manifest=examples/linux-module/Cargo.toml
cargo fmt --manifest-path $manifest --check
cargo clippy --quiet --release --manifest-path $manifest --target-dir target/linux-module/host -- -D warnings
cargo test --quiet --manifest-path $manifest --target-dir target/linux-module/host

# A kernel crashes where its Rust is wrong, as it does where its C is: BUG is what that is for.
checkpatch --ignore AVOID_BUG --file examples/linux-module/kernel/*.[ch]
object=$(rust_object)
for version in 6.1 6.12; do
  modules "$(release $version)" "$object"
done

# links ENTRY_POINT...: whether all that these reach is there. What the kernel has is given; its thunks for indirect
# calls and what a panic calls are not.
links() {
  local symbol flags=()
  for symbol in memcpy memmove memset memcmp bcmp __x86_return_thunk cper_next_record_id erst_write seq_write; do
    flags+=("--defsym=$symbol=0")
  done
  ld.lld-22 --gc-sections --entry=0 "${flags[@]}" "${@/#/--undefined=}" -o target/linux-module/program "$object"
}
if links rust_show 2>/dev/null; then die "what can panic links: the proof proves nothing"; fi
mapfile -t stores < <(llvm-nm-22 --defined-only --format=just-symbols "$object" | grep '^rust_store_')
[ ${#stores[@]} = 2 ] || die "not the two entry points that there are: ${stores[*]}"
links "${stores[@]}"
# Above it is the C part, which may be one function or several.
shim=$(awk '$1 ~ /:(on_panic|store_source)$/ { sum[FILENAME] += $2 } END { for (file in sum) if (sum[file] > max) max = sum[file]; print max }' \
  target/linux-module/*/shim.su)
[ "${shim:-0}" -gt 0 ] || die "nobody says what stack the C part needs"
python3 .ci/stack.py target/linux-module/program "$shim bytes of C, and below" $((512 - shim))

# The replay runs as part of a process, on a stack of 16 KiB, below what serves the process's call. It formats texts, which
# nest: a unit's name in a text in a buffer. If each of five were the deepest, half of the stack is enough.
flags=()
while read -r symbol; do
  flags+=("--defsym=$symbol=$(((${#flags[@]} + 1) * 4096))")
done < <(llvm-nm-22 --undefined-only --format=just-symbols "$object")
ld.lld-22 --gc-sections --entry=0 "${flags[@]}" --undefined=rust_replay -o target/linux-module/replay "$object"
shim=$(awk '$1 ~ /:(replay_write|replay_errors|fill|look_at)$/ { sum[FILENAME] += $2 + 8 }
  $1 ~ /:replay_(mce|memory|extlog|pcie|arm|other)$/ && $2 > last[FILENAME] { last[FILENAME] = $2 + 8 }
  END { for (file in sum) if (sum[file] + last[file] > max) max = sum[file] + last[file]; print max }' target/linux-module/*/replay.su)
[ "${shim:-0}" -gt 0 ] || die "nobody says what stack the replay's C part needs"
python3 .ci/stack.py target/linux-module/replay "replay, beside $shim bytes of C" $((8192 - shim)) 5

echo "$(stat -c %s "$object") bytes for 6.1 and 6.12; ${#stores[@]} entry points that cannot panic"
