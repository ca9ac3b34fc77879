# Sourced: builds the module for Debian's kernels, without installing anything of theirs.
#   release VERSION            prints the newest release of that series (6.1, 6.12) that Debian has
#   headers RELEASE            prints the path of its build tree
#   rust_object                prints the path of the crates as one object, built for any x86-64 kernel
#   checkpatch FILE...         runs the kernel's own style check
#   modules RELEASE OBJECT     builds the module, and those that the plays need; prints the folder they are in
# shellcheck shell=bash source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/lib.sh"
shopt -s inherit_errexit

release() {
  local newest package
  case $1 in
    6.1) newest=linux-image-amd64 ;;
    *) newest=linux-image-$1-amd64 ;;
  esac
  apt_lists
  package=$(apt-cache depends "$newest" | awk '/Depends: linux-image-/ { print $2; exit }')
  [ -n "$package" ] || die "Debian has no kernel $1"
  echo "${package#linux-image-}"
}

headers() {
  local folder=$cache/linux-headers-$1 packages=(linux-headers-"$1")
  need gcc-12 make libelf1 libssl3
  apt_lists
  # The part that all flavours share, and the programs that build.
  mapfile -t -O 1 packages < <(apt-cache depends "${packages[0]}" | awk '/Depends: linux-(headers|kbuild)-/ { print $2 }')
  [ ${#packages[@]} = 3 ] || die "Debian has no headers for $1"
  fetch_deb "$folder" "${packages[@]}"
  # They are made to lie in /usr/src.
  echo "include $folder/usr/src/${packages[1]}/Makefile" >"$folder/usr/src/${packages[0]}/Makefile"
  echo "$folder/usr/src/${packages[0]}"
}

# Flags as Linux's own: its code model, no register but the general ones, its thunks against speculation, landing pads
# for indirect branches (IBT), room before functions for call depth tracking. Calls go by way of a PLT, which the module
# loader resolves; without it they would go through a table that a module does not have.
rust_object() {
  local target=x86_64-unknown-none folder=target/linux-module
  debian_rust >&2
  RUSTFLAGS="-Ccode-model=kernel -Crelocation-model=static -Zplt=yes -Zfunction-return=thunk-extern -Zretpoline
    -Zretpoline-external-thunk -Zcf-protection=branch -Cjump-tables=no -Zpatchable-function-entry=16,16
    -Zindirect-branch-cs-prefix -Zemit-stack-sizes" \
    cargo rustc --quiet --manifest-path examples/linux-module/Cargo.toml --release --target "$target" \
    -Zbuild-std=core,compiler_builtins --target-dir "$folder" --lib -- "--emit=obj=$PWD/$folder/rust_core.o" >&2
  echo "$folder/rust_core.o"
}

checkpatch() {
  local folder=$cache/checkpatch work
  if [ ! -e "$folder/.complete" ]; then
    need perl xz-utils
    apt_lists
    work=$(mktemp -d)
    (cd "$work" && apt_get -o APT::Sandbox::User=root download linux-source-6.1) || die "cannot fetch the kernel's source"
    mkdir -p "$folder"
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO --wildcards '*.tar.xz' |
      tar -xJ -C "$folder" --strip-components=2 --wildcards '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
        '*/scripts/const_structs.checkpatch'
    rm -rf "$work"
    touch "$folder/.complete"
  fi
  perl "$folder/checkpatch.pl" --no-tree --quiet --strict "$@"
}

modules() {
  local kernel=$1 object=$2 build=target/linux-module/$1
  # There, and no older than what it is made of.
  if [ -z "$(find examples/linux-module/kernel "$object" -newer "$build/ras_erst.ko" 2>&1)" ]; then
    echo "$build"
    return
  fi
  rm -rf "$build"
  mkdir -p "$build"
  cp examples/linux-module/kernel/* "$build"
  # Without what only `.ci/linux-module.sh` reads.
  objcopy --remove-section=.stack_sizes --remove-section=.rela.stack_sizes "$object" "$build/rust_core.o_shipped"
  # The linker of modules looks for the command that made each object.
  touch "$build/.rust_core.o.cmd"
  if ! make -C "$(headers "$kernel")" M="$PWD/$build" modules >"$build/log" 2>&1 || grep -i warning "$build/log" >&2; then
    cat "$build/log" >&2
    die "no module for $kernel without a warning"
  fi
  echo "$build"
}
