# Sourced by the plays: a machine of QEMU's with an ERST device, booted with Debian's own kernels.
#   kernel 6.1|6.12           prints the path of that kernel
#   build PROGRAM             builds src/bin/PROGRAM, static, for host and guest; prints its path
#   guest NAME [FILE...]      builds an initramfs of busybox, guest/NAME.sh and the files; prints its path
#   boot NAME KERNEL INITRAMFS [-a KERNEL_ARGUMENTS] [QEMU_ARGUMENT...]
#                             runs the guest to its end; leaves NAME.console and NAME.out (a folder) in $play
# A guest has no disk and no network: what it is given is in the initramfs, what it hands back goes through its
# second serial port. Software emulation only, so that it is the same everywhere.
# shellcheck shell=bash source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/lib.sh"

here=examples/end-to-end
# What a play leaves: consoles, images, files from the guest.
play=$PWD/target/end-to-end/$(basename "$0" .sh)
rm -rf "$play"
mkdir -p "$play"
need qemu-system-x86 seabios busybox-static cpio libc6-dev

kernel() {
  local newest package
  case $1 in
    6.1) newest=linux-image-amd64 ;;
    *) newest=linux-image-$1-amd64 ;;
  esac
  apt_lists
  package=$(apt-cache depends "$newest" | awk '/Depends: linux-image-/ { print $2; exit }')
  [ -n "$package" ] || die "Debian has no kernel $1"
  fetch_deb "$cache/$package" "$package"
  echo "$cache/$package/boot/vmlinuz-${package#linux-image-}"
}

build() {
  local target=x86_64-unknown-linux-gnu
  RUSTFLAGS=-Ctarget-feature=+crt-static cargo build --quiet --release -p end-to-end --bin "$1" --target $target \
    --target-dir target/end-to-end/build
  echo "target/end-to-end/build/$target/release/$1"
}

guest() {
  local name=$1 root
  shift
  root=$(mktemp -d)
  mkdir -p "$root"/{bin,proc,sys,dev,tmp}
  cp /bin/busybox "$root/bin/"
  cp "$here/guest/init" "$root/init"
  cp "$here/guest/$name.sh" "$root/scenario"
  [ $# -eq 0 ] || cp -r "$@" "$root/"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$play/$name.initramfs"
  rm -rf "$root"
  echo "$play/$name.initramfs"
}

boot() {
  local name=$1 kernel=$2 initramfs=$3 append='' started=$SECONDS status=0 magic
  shift 3
  if [ "${1:-}" = -a ]; then
    append=$2
    shift 2
  fi
  timeout --kill-after=5 "${BOOT_TIMEOUT:-120}" qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 512 \
    -display none -vga none -net none -no-reboot -monitor none \
    -serial "file:$play/$name.console" -serial "file:$play/$name.tar" \
    -kernel "$kernel" -initrd "$initramfs" -append "console=ttyS0 panic=1 $append" "$@" \
    >"$play/$name.qemu" 2>&1 </dev/null || status=$?
  if [ $status != 0 ] || ! grep -aq '^END OF SCENARIO' "$play/$name.console"; then
    tail -n 30 "$play/$name.qemu" "$play/$name.console"
    die "$name: the guest did not reach its end (QEMU's exit status: $status)"
  fi
  mkdir -p "$play/$name.out"
  # UEFI firmware greets on that port too: the archive begins 257 bytes before its first magic.
  magic=$(grep -abom 1 ustar "$play/$name.tar" | head -n 1)
  tail -c +$((${magic%%:*} - 256)) "$play/$name.tar" | tar -C "$play/$name.out" -x
  echo "$name: booted $(basename "$kernel") in $((SECONDS - started)) s"
}

# erst IMAGE [SIZE]: QEMU's arguments for an ERST device over a backing file, made empty when it does not exist.
erst() {
  printf '%s\n' -object "memory-backend-file,id=nvram,mem-path=$1,size=${2:-128K},share=on" -device acpi-erst,memdev=nvram
}
