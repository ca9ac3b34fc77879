//! The labels on a board beside each DIMM, in the form of rasdaemon's label files:
//!
//! ```text
//! Vendor: Dell Inc.
//!   Product: PowerEdge R610, PowerEdge R710
//!     DIMM_A1: 0.0.0;  DIMM_A2: 0.0.1, 0.1.1;
//! ```
//!
//! `Model` names the board, `Product` the system. A place is that of EDAC, controller, channel and slot; of a CPER
//! record it is node, card and module.

use std::fmt;

use crate::dmi::Dmi;

/// The labels of one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<([u32; 3], String)>);

/// Why a file gives no labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLabels {
    /// It has none.
    Empty,
    /// It has those of several machines, and none is known to be the one.
    WhichMachine(usize),
    /// It has none of this machine.
    OtherMachines,
}

impl fmt::Display for NoLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no label, such as \"DIMM_A1: 0.0.0\", in it"),
            Self::WhichMachine(number) => {
                write!(f, "labels of {number} machines; --dmi FILE says which of them is meant")
            }
            Self::OtherMachines => {
                f.write_str("labels of other machines than the one that the SMBIOS tables name")
            }
        }
    }
}

/// A machine in a file, or several that have the same labels.
#[derive(Debug, Default)]
struct Section {
    vendor: String,
    /// Names of boards or of systems, and which of the two they are.
    names: Vec<String>,
    is_board: bool,
    labels: Labels,
}

impl Section {
    fn is_of(&self, dmi: &Dmi) -> bool {
        let machine = if self.is_board { &dmi.board } else { &dmi.system };
        machine.as_ref().is_some_and(|(vendor, name)| {
            vendor.eq_ignore_ascii_case(&self.vendor)
                && self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
        })
    }
}

impl Labels {
    /// The labels in a file: of the machine that the tables name, or of the only machine in the file.
    ///
    /// # Errors
    /// When there are none, or nothing says which are meant.
    pub fn parse(text: &str, dmi: Option<&Dmi>) -> Result<Self, NoLabels> {
        let mut sections = sections(text);
        sections.retain(|section| !section.labels.0.is_empty());
        let of_machine = dmi.and_then(|dmi| sections.iter().position(|section| section.is_of(dmi)));
        match (of_machine, sections.len()) {
            (Some(place), _) => Ok(sections.swap_remove(place).labels),
            (None, 0) => Err(NoLabels::Empty),
            // Labels without a machine, or of the only machine, apply.
            (None, 1) if dmi.is_none() || sections[0].names.is_empty() => Ok(sections.swap_remove(0).labels),
            (None, _) if dmi.is_some() => Err(NoLabels::OtherMachines),
            (None, number) => Err(NoLabels::WhichMachine(number)),
        }
    }

    /// The label of the DIMM at a place: node, card, module.
    pub fn at(&self, place: [u32; 3]) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == place).map(|(_, label)| label.as_str())
    }
}

fn sections(text: &str) -> Vec<Section> {
    let mut all: Vec<Section> = vec![Section::default()];
    let mut vendor = String::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for entry in line.split(';') {
            let Some((name, value)) = entry.split_once(':') else { continue };
            let (name, value) = (name.trim(), value.trim());
            let is_board = name.eq_ignore_ascii_case("model") || name.eq_ignore_ascii_case("board");
            if name.eq_ignore_ascii_case("vendor") {
                value.clone_into(&mut vendor);
            } else if is_board || name.eq_ignore_ascii_case("product") {
                let names = value.split(',').map(|name| name.trim().to_owned()).collect();
                all.push(Section { vendor: vendor.clone(), names, is_board, labels: Labels::default() });
            } else if let Some(section) = all.last_mut() {
                let places = value.split(',').filter_map(place);
                section.labels.0.extend(places.map(|place| (place, name.to_owned())));
            }
        }
    }
    all
}

/// `0.1.2`, controller, channel and slot. Places of two or four numbers are of other kinds of controllers.
fn place(text: &str) -> Option<[u32; 3]> {
    let numbers: Result<Vec<u32>, _> = text.trim().split('.').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# labels
Vendor: Dell Inc.
  Product: PowerEdge R610, PowerEdge R620
    DIMM_A1: 0.0.0;\tDIMM_A2:  0.0.1, 0.1.1;
    DIMM_B1: 1.0.0;
Vendor: Supermicro
  Model: X10SRA-F
    DIMMA1: 0.0.0
";

    fn dmi(system: (&str, &str), board: (&str, &str)) -> Dmi {
        let own = |(vendor, name): (&str, &str)| Some((vendor.to_owned(), name.to_owned()));
        let mut dmi = Dmi::default();
        (dmi.system, dmi.board) = (own(system), own(board));
        dmi
    }

    #[test]
    fn labels_are_those_of_the_machine() {
        let dell = dmi(("Dell Inc.", "PowerEdge R620"), ("Dell Inc.", "0KCKR5"));
        let labels = Labels::parse(FILE, Some(&dell)).unwrap();
        let at = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 0]].map(|place| labels.at(place));
        assert_eq!(at, [Some("DIMM_A1"), Some("DIMM_A2"), Some("DIMM_A2"), Some("DIMM_B1"), None]);
        let board = dmi(("Supermicro", "Super Server"), ("supermicro", "X10SRA-F"));
        assert_eq!(Labels::parse(FILE, Some(&board)).unwrap().at([0, 0, 0]), Some("DIMMA1"));
        let other = dmi(("Supermicro", "X10SRA-F"), ("ASUS", "X10SRA-F"));
        assert_eq!(Labels::parse(FILE, Some(&other)), Err(NoLabels::OtherMachines));
        assert_eq!(Labels::parse(FILE, None), Err(NoLabels::WhichMachine(2)));
    }

    #[test]
    fn labels_of_one_machine_need_no_table() {
        let labels = Labels::parse("A1: 0.0.0; A2: 0.0.1", None).unwrap();
        assert_eq!((labels.at([0, 0, 1]), labels.at([9, 0, 0])), (Some("A2"), None));
        let dell = dmi(("Dell Inc.", "PowerEdge R620"), ("Dell Inc.", "0KCKR5"));
        assert_eq!(Labels::parse("A1: 0.0.0", Some(&dell)).unwrap().at([0, 0, 0]), Some("A1"));
        for nothing in ["", "A1: 0.0", "Vendor: x", "Model: y: 0.0.0", "::;;\n#A1: 0.0.0", "A: 0.0.0.0, 1"] {
            assert_eq!(Labels::parse(nothing, None), Err(NoLabels::Empty), "{nothing}");
        }
    }
}
