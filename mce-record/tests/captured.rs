//! Records that real kernels wrote, and what the kernels said of them.

use mce_record::{Layout, MceRecord};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/mce/");

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{DATA}{name}.mce")).unwrap()
}

#[test]
fn intel_in_a_line_and_in_lines() {
    let bytes = bytes("mce-intel");
    let record = MceRecord::parse(&bytes).unwrap();
    assert_eq!(record.layout(), Layout::Size128);
    assert_eq!(
        record.to_string(),
        "machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt"
    );
    assert_eq!(
        format!("{record:#}"),
        "\
status      0xbe00000000000135  valid, uncorrected, enabled, misc valid, addr valid, context corrupt
  code      0x0135  cache hierarchy: data read, data, level 1
address     0xdeadb000          physical, significant from bit 12
global      0x5                 restart IP valid, in progress
ip          0x10:0xffffffffa0a592eb (inexact)
processor   Intel family 6 model 85 stepping 4, microcode 0x1, socket 0, APIC 0
severity    panic (kernel), panic (recomputed)
not in this record: synd, ipid, ppin (zero)"
    );
}
