#!/usr/bin/env bash
# Proves that the four crates' tests touch no memory they should not, under AddressSanitizer: the crates have no unsafe
# code of their own, this is for what they are built with. Needs: nothing (the runtime comes with Rust).
. "$(dirname "$0")/lib.sh"
vectors_of_libcper
# The sanitizer's switch is unstable on a stable compiler.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
control=$(mktemp -d)
trap 'rm -rf "$control"' EXIT
echo 'fn main() { let v = vec![1u8; 4]; println!("{}", unsafe { *v.as_ptr().add(4) }) }' >"$control/past_the_end.rs"
rustc $RUSTFLAGS --target x86_64-unknown-linux-gnu -o "$control/past_the_end" "$control/past_the_end.rs"
if "$control/past_the_end" 2>/dev/null; then die "the sanitizer does not see a read past the end"; fi

cargo test "${crates[@]/#/--package=}" --all-features --tests --target x86_64-unknown-linux-gnu \
  --target-dir target/sanitizer --config profile.dev.debug=false
echo "nothing found$without"
