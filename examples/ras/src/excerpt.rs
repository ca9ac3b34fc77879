//! The lines of a kernel log that show what broke: the panic, hardware's reports, and the last lines.

use crate::dmesg::is_complaint;

/// The most lines of complaints and reports that are shown, the first and the last ones.
const COMPLAINTS: [usize; 2] = [8, 6];

/// Last lines that are shown, whatever they say.
const LAST: usize = 6;

/// Whether a line of a log, without its level, says what broke.
pub fn matters(line: &[u8]) -> bool {
    let time = line.starts_with(b"[").then(|| memchr::memmem::find(line, b"] ")).flatten();
    let line = time.map_or(line, |end| &line[end + 2..]);
    let has = |mark: &str| memchr::memmem::find(line, mark.as_bytes()).is_some();
    has("[Hardware Error]") || has("Kernel panic - not syncing") || is_complaint(line)
}

/// Which lines of a log are shown, by whether they matter.
pub fn shown(matters: &[bool]) -> Vec<bool> {
    let mut shown = vec![false; matters.len()];
    let places: Vec<usize> = (0..matters.len()).filter(|place| matters[*place]).collect();
    let first = places.iter().take(COMPLAINTS[0]);
    let last = places.iter().rev().take(COMPLAINTS[1]);
    let end = matters.len().saturating_sub(LAST)..matters.len();
    first.chain(last).copied().chain(end).for_each(|place| shown[place] = true);
    // A gap of one line is shown: its note would take as much space.
    for place in 0..shown.len() {
        let beside =
            |place: Option<usize>| place.and_then(|place| shown.get(place)).is_none_or(|shown| *shown);
        if beside(place.checked_sub(1)) && beside(place.checked_add(1)) {
            shown[place] = true;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_and_the_end_are_shown() {
        let mut lines = vec![false; 100];
        for place in [10, 11, 13, 50] {
            lines[place] = true;
        }
        let places: Vec<usize> =
            shown(&lines).iter().enumerate().filter(|(_, shown)| **shown).map(|(at, _)| at).collect();
        assert_eq!(places, [10, 11, 12, 13, 50, 94, 95, 96, 97, 98, 99]);
        // Of many the first and the last ones.
        let all = shown(&[true; 1000]);
        assert_eq!(all.iter().filter(|shown| **shown).count(), COMPLAINTS[0] + COMPLAINTS[1].max(LAST));
        assert!(all[0] && all[7] && !all[8] && all[994]);
        assert_eq!(shown(&[]), [false; 0]);
        assert_eq!(shown(&[false; 7]), [true; 7]);
    }

    #[test]
    fn a_line_that_says_what_broke_matters() {
        for line in [
            "mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: be00000000000135",
            "{1}[Hardware Error]: event severity: fatal",
            "Kernel panic - not syncing: Fatal machine check",
            "---[ end Kernel panic - not syncing: Fatal machine check ]---",
            "BUG: unable to handle page fault for address: 0000000000001000",
            "[   12.345678] BUG: unable to handle page fault for address: 0000000000001000",
        ] {
            assert!(matters(line.as_bytes()), "{line}");
        }
        assert!(!matters(b"sysrq: Trigger a crash") && !matters(b"\xff\xfe"));
    }
}
