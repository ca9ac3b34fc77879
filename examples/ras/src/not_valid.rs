//! Fields that are not zero although their validity bit is clear.

use std::fmt;

use cper::fields::{Describe, Value, Visitor};
use cper::section::Body;
use cper::{Guid, SectionTypeId as T};

use crate::fields::is_zero;
use crate::found::{Content, Section};

/// The fields of a section that its validity bits deny.
#[derive(Debug)]
pub struct NotValid<'s, 'a> {
    section: &'s Section<'a>,
    /// The body with all its validity bits set.
    body: Vec<u8>,
}

impl<'s, 'a> NotValid<'s, 'a> {
    /// Those of a section, if it has any.
    pub fn of(section: &'s Section<'a>) -> Option<Self> {
        let mut body = section.bytes.to_vec();
        let bits: &[u8] = match section.kind {
            T::MEMORY | T::MEMORY_2 | T::PROCESSOR_GENERIC | T::PCIE | T::PCI_BUS | T::PCI_COMPONENT => {
                &[0xff; 8]
            }
            T::ARM_PROCESSOR => &[0xff; 4],
            // The bits after these are counts.
            T::IA32_X64_PROCESSOR => &[3],
            _ => &[],
        };
        body.iter_mut().zip(bits).for_each(|(byte, bits)| *byte |= bits);
        let not_valid = Self { section, body };
        let mut any = Any(false);
        // The description stops at the first field.
        let _ = not_valid.describe(&mut any);
        any.0.then_some(not_valid)
    }
}

impl Describe for NotValid<'_, '_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let section = self.section;
        // A body that cannot be read with all bits set is left out.
        let said = section.descriptor.filter(|_| !matches!(section.content, Content::Bad(_)));
        if let Some(descriptor) = said.map(|said| said.section_descriptor()) {
            if section.fru_id.is_none() && descriptor.fru_id_raw() != Guid::ZERO {
                out.field("fru_id", descriptor.fru_id_raw().into())?;
            }
            let name = descriptor.fru_text_raw();
            let name = name.text();
            if section.fru_text.is_none() && !name.is_empty() {
                out.field("fru_text", Value::text(name))?;
            }
        }
        let (Content::Body(valid), Ok(all)) = (&section.content, Body::decode(section.kind, &self.body))
        else {
            return Ok(());
        };
        let mut names = Names(Vec::new());
        valid.fields().describe(&mut names)?;
        all.fields().describe(&mut Others { names: &names.0, out })
    }
}

/// Collects the names of fields.
struct Names(Vec<&'static str>);

impl Visitor for Names {
    fn field(&mut self, name: &'static str, _: Value<'_>) -> fmt::Result {
        self.0.push(name);
        Ok(())
    }
}

/// Passes on the fields that have none of these names and are not zero.
struct Others<'n> {
    names: &'n [&'static str],
    out: &'n mut dyn Visitor,
}

impl Visitor for Others<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        let mut any = Any(false);
        // The description stops at the first field that is not zero.
        let _ = any.field(name, value);
        let told = |name: &str| self.names.contains(&name);
        // A field with two readings: the valid one shows all of it.
        let told = match name {
            "bank" => told("bank") || told("bank_group") || told("bank_address"),
            "bank_group" | "bank_address" => told("bank") || told(name),
            _ => told(name),
        };
        if any.0 && !told { self.out.field(name, value) } else { Ok(()) }
    }
}

/// Whether a field holds something other than zeros.
struct Any(bool);

impl Visitor for Any {
    fn field(&mut self, _name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Group(group) => group.describe(self),
            Value::List(list) => list.each(&mut |item| self.field("", item)),
            leaf if is_zero(&leaf) => Ok(()),
            _ => {
                self.0 = true;
                Err(fmt::Error)
            }
        }
    }
}
