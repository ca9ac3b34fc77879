# Sourced by the plays: a machine of QEMU's with an ERST device, booted with Debian's own kernels.
#   kernel 6.1|6.12           prints the path of that kernel
#   build PROGRAM             builds src/bin/PROGRAM, static, for host and guest; prints its path
#   guest_ras                 prints the folders of a guest that has the program ras
#   guest NAME [FILE...]      builds an initramfs of busybox, guest/NAME.sh and the files; prints its path
#   boot NAME KERNEL INITRAMFS [-a KERNEL_ARGUMENTS] [-d LAST_WORDS] [-m COMMAND] [QEMU_ARGUMENT...]
#                             runs the guest to its end; leaves NAME.console and NAME.out (a folder) in $play.
#                             With -d the end is its death, after it has said LAST_WORDS; with -m, COMMAND is typed on
#                             QEMU's monitor once the guest says READY
#   healthy NAME [KNOWN]      no warning, oops or bug is in that guest's console, but those that match KNOWN (and the one
#                             that the emulated processor gets)
# A guest has no disk and no network: what it is given is in the initramfs, what it hands back goes through its
# second serial port. Software emulation only, so that it is the same everywhere; on a busy host its timer may be late,
# which Linux at boot takes for a broken one unless it is told not to look.
# shellcheck shell=bash source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/../linux-module/build.sh"

here=examples/end-to-end
# What a play leaves: consoles, images, files from the guest.
play=$PWD/target/end-to-end/$(basename "$0" .sh)
rm -rf "$play"
mkdir -p "$play"
need qemu-system-x86 seabios busybox-static cpio libc6-dev

kernel() {
  local release
  release=$(release "$1")
  fetch_deb "$cache/linux-image-$release" "linux-image-$release"
  # No guest loads the modules that come with it, which are most of it.
  rm -rf "$cache/linux-image-$release/lib"
  echo "$cache/linux-image-$release/boot/vmlinuz-$release"
}

build() {
  local target=x86_64-unknown-linux-gnu
  RUSTFLAGS=-Ctarget-feature=+crt-static cargo build --quiet --release -p end-to-end --bin "$1" --target $target \
    --target-dir target/end-to-end/build
  echo "target/end-to-end/build/$target/release/$1"
}

# The program `ras` as it is built for the host, and the libraries it needs, in folders for a guest.
guest_ras() {
  local root=$play/ras-root
  build_ras
  mkdir -p "$root/bin"
  strip -o "$root/bin/ras" "$ras"
  ldd "$ras" | grep -o '/[^ ]*' | xargs -d '\n' cp -L --parents -t "$root"
  printf '%s\n' "$root"/*
}

guest() {
  local name=$1 root initramfs
  initramfs=$(mktemp "$play/$1.XXXX")
  shift
  root=$(mktemp -d)
  mkdir -p "$root"/{bin,proc,sys,dev,tmp}
  cp /bin/busybox "$root/bin/"
  cp "$here/guest/init" "$root/init"
  cp "$here/guest/$name.sh" "$root/scenario"
  [ $# -eq 0 ] || cp -r "$@" "$root/"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$initramfs"
  rm -rf "$root"
  echo "$initramfs"
}

boot() {
  local name=$1 kernel=$2 initramfs=$3 append='' last_words='' command='' monitor=none started=$SECONDS status=0 magic
  shift 3
  while [[ ${1:-} == -[adm] ]]; do
    case $1 in
      -a) append=$2 ;;
      -d) last_words=$2 ;;
      -m) command=$2 monitor=stdio ;;
    esac
    shift 2
  done
  timeout --kill-after=5 "${BOOT_TIMEOUT:-300}" qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 512 \
    -display none -vga none -net none -no-reboot -monitor "$monitor" \
    -serial "file:$play/$name.console" -serial "file:$play/$name.tar" \
    -kernel "$kernel" -initrd "$initramfs" -append "console=ttyS0 panic=1 no_timer_check $append" "$@" \
    >"$play/$name.qemu" 2>&1 < <(monitor "$name" "$command") || status=$?
  if [ $status != 0 ] || ! grep -aqF -- "${last_words:-END OF SCENARIO}" "$play/$name.console"; then
    tail -c 500 "$play/$name.qemu"
    tail -n 30 "$play/$name.console"
    die "$name: the guest did not reach its end (QEMU's exit status: $status)"
  fi
  if [ -z "$last_words" ]; then
    mkdir -p "$play/$name.out"
    # UEFI firmware greets on that port too: the archive begins 257 bytes before its first magic.
    magic=$(grep -abom 1 ustar "$play/$name.tar" | head -n 1)
    tail -c +$((${magic%%:*} - 256)) "$play/$name.tar" | tar -C "$play/$name.out" -x
  fi
  echo "$name: booted $(basename "$kernel") in $((SECONDS - started)) s"
}

# What is typed on the monitor of a guest that says READY.
monitor() {
  [ -n "$2" ] || return 0
  timeout 240 sh -c "until grep -aqs READY '$play/$1.console'; do sleep 0.2; done" && printf '%s\n' "$2"
}

healthy() {
  if grep -aE 'WARNING|BUG:|kernel BUG|Oops|general protection|unable to handle' "$play/$1.console" |
    grep -avE "RETBleed${2:+|$2}"; then
    die "$1: the kernel has complained"
  fi
}

# ras_mc_ctl DATABASE ARGUMENT...: rasdaemon's program, which knows one path, on another database.
ras_mc_ctl() {
  local folder
  need rasdaemon util-linux
  folder=$(mktemp -d)
  cp "$1" "$folder/ras-mc_event.db"
  shift
  mkdir -p /var/lib/rasdaemon
  # shellcheck disable=SC2016  # the inner shell's
  unshare --mount sh -c 'mount --bind "$0" /var/lib/rasdaemon && exec ras-mc-ctl "$@"' "$folder" "$@"
  rm -rf "$folder"
}

# erst IMAGE [SIZE]: QEMU's arguments for an ERST device over a backing file, made empty when it does not exist.
erst() {
  printf '%s\n' -object "memory-backend-file,id=nvram,mem-path=$1,size=${2:-128K},share=on" -device acpi-erst,memdev=nvram
}

# firmware FOLDER: QEMU's arguments for two error sources, polled, whose tables and registers are in that folder (made by
# src/bin/apei.rs); the kernel must be told to keep off their memory.
# shellcheck disable=SC2034  # read by the plays
reserved="memmap=1M\$0x10000000"
firmware() {
  local source
  printf '%s\n' -acpitable "file=$1/hest.aml"
  for source in 1 2; do
    printf '%s\n' -device "loader,file=$1/source$source.register,addr=0x100${source}0000,force-raw=on"
  done
}
