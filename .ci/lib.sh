# Sourced by every gate: goes to the repository's root and gives `crates`, `cache`, `die`, `need`, `debian_rust` and
# `panic_path`. A gate needs Rust and Debian, and names every other package that it uses to `need`, but for those below
# that all of them may use.
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

# served FOLDER...: what was built there is needed no more; it stays for the next run, but not in one that is lean.
served() {
  [ -z "${LEAN:-}" ] || rm -rf "$@"
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
  local options=(-qq -o APT::Keep-Downloaded-Packages=false -o Acquire::Retries=2 -o Acquire::http::Timeout=60 -o DPkg::Lock::Timeout=300)
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

# What a clone comes with, what a script here may be written in, and what Rust links with.
type -P git python3 cc >/dev/null || need git python3 gcc libc6-dev

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
# those of `ras` alone and would be compiled once more. A gate has a copy of its own: another one that builds takes away
# what is in `target` and puts its own there.
build_ras() {
  local tries=0
  cargo test --quiet --workspace --all-features --test decode --no-run
  ras=${play:-$PWD/target/$(basename "$0" .sh)}/ras
  mkdir -p "${ras%/*}"
  until cp --remove-destination target/debug/ras "$ras" 2>/dev/null; do
    [ $((tries += 1)) -lt 50 ] || die "the program ras was not built"
    sleep 0.1
  done
}

# Points the tests at what is not ours to give away: libcper's records, where LIBCPER_VECTORS says or beside the repository,
# and files of real machines beside it. Where they are not, `without` says so, for the last line of a gate.
vectors_of_libcper() {
  local beside=$PWD/../shared/vectors/libcper
  # shellcheck disable=SC2034  # read by the gates
  without=
  if [ -n "${LIBCPER_VECTORS:-}" ]; then
    [ -d "$LIBCPER_VECTORS" ] || die "LIBCPER_VECTORS names no folder: $LIBCPER_VECTORS"
  elif [ -d "$beside" ]; then
    export LIBCPER_VECTORS=$beside
  else
    without='; NOT COMPARED with the records of libcper itself, which LIBCPER_VECTORS does not name'
  fi
  [ -d ../shared/field ] || without+='; NOT READ: files of real machines, which are not beside the repository'
  [ -z "$without" ] || echo "${without#; }" >&2
}

# from_python NAME==VERSION: prints the folder that a package of Python's registry was put in; once.
from_python() {
  need python3-venv
  local folder=$cache/${1/==/-}
  if [ ! -e "$folder/.complete" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$1" >&2
    touch "$folder/.complete"
  fi
  echo "$folder/bin"
}

# Points cargo at Debian's Rust, whose package carries the standard library's source: with it cargo builds
# core or std for any target (-Zbuild-std), which needs the unstable switch. rustup's cargo drives it.
debian_rust() {
  need libllvm22
  locked apt_lists
  local version folder
  version=$(apt-cache policy rustc-web | awk '/Candidate:/ { print $2 }')
  folder=$cache/rust-$version
  fetch_deb "$folder" rustc-web libstd-rust-web-dev rust-web-src "libstd-rust-web-${version%%.0+*}"
  # Of the source only the library is built, a sixth of it.
  rm -rf "$folder"/usr/src/rustc-*/{compiler,src}
  rust_in "$folder"
  export RUSTC_BOOTSTRAP=1
  "$RUSTC" --version
}

# rust_in FOLDER: points cargo at Debian's Rust that is unpacked there, by scripts that say where its libraries are.
rust_in() {
  local tool
  for tool in "$1"/usr/bin/{rustc,rustdoc,cargo}; do
    if [ ! -x "$tool" ] || [ -x "$1/${tool##*/}.sh" ]; then continue; fi
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s/usr/lib/x86_64-linux-gnu exec %s "$@"\n' "$1" "$tool" >"$tool.$$"
    chmod +x "$tool.$$"
    mv "$tool.$$" "$1/${tool##*/}.sh"
  done
  export RUSTC=$1/rustc.sh RUSTDOC=$1/rustdoc.sh
}

# panic_path TARGET LEVEL [FEATURE]: builds benches/panic-path and prints the library's path. The level is that of our
# crates and of what they use; core is at 3, as it comes with a toolchain, and so is built once a target.
panic_path() {
  local package rust=() options=(--target "$1" --release --target-dir "$PWD/target/panic-free" ${3:+--features "$3"}
    --config profile.release.opt-level=3 --config profile.release.overflow-checks=true
    --config profile.release.lto=false --config profile.release.debug=false)
  for package in panic-path "${crates[@]}" zerocopy bitflags; do
    options+=(--config "profile.release.package.$package.opt-level=$2")
  done
  case $1 in
    # A static program calls directly, so that the calls can be read from it.
    *linux*) rust=(RUSTC_BOOTSTRAP=1 'RUSTFLAGS=-Zemit-stack-sizes -Crelocation-model=static') ;;
    *) options+=(-Zbuild-std=core) ;;
  esac
  (cd benches/panic-path && env "${rust[@]}" cargo build -q "${options[@]}") >&2
  echo "target/panic-free/$1/release/libpanic_path.a"
}
