#!/usr/bin/env bash
# Proves that a crate outside the repository that depends on the four, in edition 2021 and 2024, with every feature, needs
# no newer Rust than the `rust-version` that Cargo.toml states: every package of it asks for no more, no function is used
# that came to the standard library later (clippy's incompatible_msrv), and cargo and rustc of that version, Debian's,
# resolve and build it. Where Debian has that version no longer, the last line says so. Needs: clippy, python3, the
# registry's index, network for Debian's packages.
. "$(dirname "$0")/lib.sh"
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
[ -n "$oldest" ] || die "Cargo.toml states no rust-version"
for page in README.md "${crates[@]/%//README.md}"; do
  grep -q "Rust $oldest" "$page" || die "$page does not say Rust $oldest"
done
locked apt_lists
version=$(apt-cache madison rustc-web | awk -v oldest="$oldest" 'index($3, oldest ".") == 1 { print $3; exit }')
built="; NOT BUILT with Rust $oldest, which Debian does not have here"
if [ -n "$version" ]; then
  need libcurl4 libhttp-parser2.9 libllvm19 libpcre3 libsqlite3-0 libssh2-1
  old=$cache/rust-$version
  fetch_deb "$old" {cargo-web,rustc-web,libstd-rust-web-dev,"libstd-rust-web-$oldest"}="$version"
  built="; built with $(rust_in "$old" && "$RUSTC" --version | cut -d ' ' -f 1,2)"
fi
for edition in 2021 2024; do
  folder=target/msrv/$edition
  rm -rf "$folder"
  mkdir -p "$folder/src"
  {
    printf '[package]\nname = "downstream"\nversion = "0.0.0"\nedition = "%s"\nrust-version = "%s"\n' "$edition" "$oldest"
    printf '[workspace]\n[features]\nall = [%s %s]\n' \
      '"cper/alloc", "cper/arbitrary", "cper/linux", "cper/serde", "cper/uuid", "erst-table/arbitrary", "erst-table/serde",' \
      '"erst-table/sim", "mce-record/arbitrary", "mce-record/serde", "pstore-format/arbitrary", "pstore-format/serde"'
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
    if [ -n "$version" ]; then
      rm "$folder/Cargo.lock"
      (rust_in "$old" && "$old/cargo.sh" check --quiet --manifest-path "$folder/Cargo.toml" --features "$features" \
        --target-dir target/msrv/build)
    fi
    unset CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS
  done
done
cargo clippy --quiet "${crates[@]/#/--package=}" --lib --all-features -- -D clippy::incompatible_msrv
echo "Rust $oldest is enough in editions 2021 and 2024$built"
