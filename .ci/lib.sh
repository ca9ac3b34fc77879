# Sourced by every gate: goes to the repository's root and gives `crates`, `cache`, `die`, `need` and `debian_rust`.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive CARGO_TERM_COLOR=never

# shellcheck disable=SC2034  # read by the gates
crates=(cper erst-table mce-record pstore-format)
# What is fetched once and kept: Debian's Rust, kernels, package lists' age.
cache=${RAS_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ras-ci}
mkdir -p "$cache"

die() {
  echo "$*" >&2
  exit 1
}

# locked COMMAND...: gates run beside each other and want the same packages; one of them fetches, the others find them.
locked() {
  (
    flock 9
    "$@"
  ) 9>"$cache/lock"
}

# apt-get, once more when a mirror does not answer.
apt_get() {
  local options=(-qq -o Acquire::Retries=2 -o Acquire::http::Timeout=60 -o DPkg::Lock::Timeout=300)
  apt-get "${options[@]}" "$@" >&2 || { sleep 5 && apt-get "${options[@]}" "$@" >&2; }
}

# The lists of packages, fresh enough that what they name is still served.
apt_lists() {
  [ -n "$(find "$cache/apt-lists" -mmin -720 2>/dev/null)" ] && return
  apt_get update && touch "$cache/apt-lists"
}

# need PACKAGE...: the Debian packages are installed, or the gate ends here.
need() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] || die "missing Debian packages (install them, or run as root): ${missing[*]}"
  locked apt_install "${missing[@]}"
}

apt_install() {
  apt_lists
  apt_get install -y --no-install-recommends "$@" || die "cannot install: $*"
}

# fetch_deb FOLDER PACKAGE...: unpacks Debian packages into FOLDER without installing them; once.
fetch_deb() {
  [ -e "$1/.complete" ] || locked unpack_deb "$@"
}

unpack_deb() {
  local folder=$1 work deb
  shift
  [ -e "$folder/.complete" ] && return
  apt_lists
  work=$(mktemp -d)
  (cd "$work" && apt_get -o APT::Sandbox::User=root download "$@") || die "cannot fetch: $*"
  rm -rf "$folder"
  for deb in "$work"/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$work"
  touch "$folder/.complete"
}

# Builds the program `ras` and sets `ras` to where it is: as the tests build it, whose dependencies have other features than
# those of `ras` alone and would be compiled once more.
build_ras() {
  cargo test --quiet --workspace --all-features --test decode --no-run
  # shellcheck disable=SC2034  # read by the gates
  ras=$PWD/target/debug/ras
}

# Points cargo at Debian's Rust, whose package carries the standard library's source: with it cargo builds
# core or std for any target (-Zbuild-std), which needs the unstable switch. rustup's cargo drives it.
debian_rust() {
  need libllvm22
  locked apt_lists
  local version tool folder
  version=$(apt-cache policy rustc-web | awk '/Candidate:/ { print $2 }')
  folder=$cache/rust-$version
  fetch_deb "$folder" rustc-web libstd-rust-web-dev rust-web-src "libstd-rust-web-${version%%.0+*}"
  for tool in rustc rustdoc; do
    [ ! -x "$folder/$tool.sh" ] || continue
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s/usr/lib/x86_64-linux-gnu exec %s/usr/bin/%s "$@"\n' \
      "$folder" "$folder" "$tool" >"$folder/$tool.$$"
    chmod +x "$folder/$tool.$$"
    mv "$folder/$tool.$$" "$folder/$tool.sh"
  done
  export RUSTC=$folder/rustc.sh RUSTDOC=$folder/rustdoc.sh RUSTC_BOOTSTRAP=1
  "$RUSTC" --version
}
