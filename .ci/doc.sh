#!/usr/bin/env bash
# Proves that every link in the documentation leads somewhere: as users see it, built as docs.rs does, where an item says
# which feature it needs, and with private items for those who read the source. Needs: rustdoc.
. "$(dirname "$0")/lib.sh"
export RUSTDOCFLAGS="-D warnings"
# rustdoc alone has the unstable switch: packages that look for it would be built once more.
mkdir -p target/docs.rs
printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n' >target/docs.rs/rustdoc
chmod +x target/docs.rs/rustdoc
RUSTDOC=$PWD/target/docs.rs/rustdoc RUSTDOCFLAGS="$RUSTDOCFLAGS --cfg docsrs" \
  cargo doc --quiet --workspace --no-deps --all-features
for page in cper/struct.OwnedRecord:alloc erst_table/sim/index:sim; do
  grep -q "crate feature <code>${page#*:}</code>" "target/doc/${page%:*}.html" || die "${page%:*} does not say that it needs ${page#*:}"
done
cargo doc --quiet --workspace --no-deps --all-features --document-private-items
echo "no broken link"
