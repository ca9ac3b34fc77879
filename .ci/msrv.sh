#!/usr/bin/env bash
# Proves that a crate outside the repository that depends on the four, in edition 2021 and 2024, with every feature, needs
# no newer Rust than the `rust-version` that Cargo.toml states: cargo resolves it for that Rust, every package of it asks
# for no more, and no function is used that came to the standard library later (clippy's incompatible_msrv). With a
# toolchain of that version, rustup's, it is built with it too. Needs: clippy, python3, the registry's index.
. "$(dirname "$0")/lib.sh"
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
[ -n "$oldest" ] || die "Cargo.toml states no rust-version"
for page in README.md "${crates[@]/%//README.md}"; do
  grep -q "Rust $oldest" "$page" || die "$page does not say Rust $oldest"
done
built=
for edition in 2021 2024; do
  folder=target/msrv/$edition
  rm -rf "$folder"
  mkdir -p "$folder/src"
  {
    printf '[package]\nname = "downstream"\nversion = "0.0.0"\nedition = "%s"\nrust-version = "%s"\n' "$edition" "$oldest"
    printf '[workspace]\n[features]\nall = ["cper/serde", "cper/uuid", "erst-table/serde", "erst-table/sim", %s]\n' \
      '"mce-record/serde", "pstore-format/serde"'
    printf '[dependencies]\n'
    for crate in "${crates[@]}"; do printf '%s = { path = "%s/%s" }\n' "$crate" "$PWD" "$crate"; done
  } >"$folder/Cargo.toml"
  : >"$folder/src/lib.rs"
  for features in "" all; do
    # By default, what `cargo add` and an older cargo give: edition 2021 takes the newest of everything.
    [ -z "$features" ] || export CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback
    rm -f "$folder/Cargo.lock"
    # Only what is built counts: an optional dependency that is off is in no build.
    cargo metadata --format-version 1 --manifest-path "$folder/Cargo.toml" --features "$features" \
      --filter-platform x86_64-unknown-linux-gnu | python3 -c '
import json, sys
limit, edition, features = tuple(map(int, sys.argv[1].split("."))), sys.argv[2], sys.argv[3]
data = json.load(sys.stdin)
built = {node["id"] for node in data["resolve"]["nodes"]}
newer = []
for package in data["packages"]:
    asks = package["rust_version"]
    if package["id"] in built and asks and tuple(map(int, asks.split(".")))[:2] > limit:
        newer.append("{name} {version} asks for Rust {rust_version}".format(**package))
print("edition {}, {}: {} packages".format(edition, "every feature" if features else "default", len(built)))
sys.exit("\n".join(newer) or 0)
' "$oldest" "$edition" "$features"
    unset CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS
  done
  if rustup run "$oldest" true 2>/dev/null; then
    rustup run "$oldest" cargo check --quiet --manifest-path "$folder/Cargo.toml" --features all --target-dir target/msrv/build
    built="; built with Rust $oldest"
  fi
done
cargo clippy --quiet "${crates[@]/#/--package=}" --lib --all-features -- -D clippy::incompatible_msrv
echo "Rust $oldest is enough in editions 2021 and 2024${built:-; NOT BUILT with Rust $oldest, which rustup does not have here}"
