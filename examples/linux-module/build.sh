# Sourced: builds the module for Debian's kernels, without installing anything of theirs.
#   release VERSION            prints the newest release of that series (6.1, 6.12) that Debian has
#   headers RELEASE            prints the path of its build tree
#   rust_object                prints the path of the crates as one object, built for any x86-64 kernel
#   checkpatch FILE...         runs the kernel's own style check
#   modules RELEASE OBJECT     builds the module, and those that the plays need; prints the folder they are in. Gates that
#                              run beside each other build it once
# shellcheck shell=bash source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/lib.sh"
shopt -s inherit_errexit

release() {
  local newest package
  case $1 in
    6.1) newest=linux-image-amd64 ;;
    *) newest=linux-image-$1-amd64 ;;
  esac
  locked apt_lists
  package=$(apt-cache depends "$newest" | awk '/Depends: linux-image-/ { print $2; exit }')
  [ -n "$package" ] || die "Debian has no kernel $1"
  echo "${package#linux-image-}"
}

headers() {
  local folder=$cache/linux-headers-$1 packages=(linux-headers-"$1") makefile
  need gcc-12 make libelf1 libssl3
  locked apt_lists
  # The part that all flavours share, and the programs that build.
  mapfile -t -O 1 packages < <(apt-cache depends "${packages[0]}" | awk '/Depends: linux-(headers|kbuild)-/ { print $2 }')
  [ ${#packages[@]} = 3 ] || die "Debian has no headers for $1"
  fetch_deb "$folder" "${packages[@]}"
  # They are made to lie in /usr/src.
  makefile=$folder/usr/src/${packages[0]}/Makefile
  echo "include $folder/usr/src/${packages[1]}/Makefile" >"$makefile.$$"
  mv "$makefile.$$" "$makefile"
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
    locked apt_lists
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
  (
    flock 9
    build_modules "$@"
  ) 9>target/linux-module/lock
}

build_modules() {
  local kernel=$1 object=$2 build=target/linux-module/$1
  # There, and no older than what it is made of: it is put there when it is whole and nothing was said of it.
  if [ -z "$(find examples/linux-module/kernel "$object" -newer "$build/ras_erst.ko" 2>&1)" ]; then
    echo "$build"
    return
  fi
  rm -rf "$build" "$build.new"
  mkdir -p "$build.new"
  cp examples/linux-module/kernel/* "$build.new"
  # Without what only `.ci/linux-module.sh` reads.
  objcopy --remove-section=.stack_sizes --remove-section=.rela.stack_sizes "$object" "$build.new/rust_core.o_shipped"
  # The linker of modules looks for the command that made each object.
  touch "$build.new/.rust_core.o.cmd"
  # No types for BPF: where the headers have the kernel they want a program that writes them.
  if ! make -C "$(headers "$kernel")" M="$PWD/$build.new" CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$build.new/log" 2>&1 ||
    grep -i warning "$build.new/log" >&2; then
    cat "$build.new/log" >&2
    die "no module for $kernel without a warning"
  fi
  mv "$build.new" "$build"
  echo "$build"
}
