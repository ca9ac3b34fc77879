//! The table of bodies: one line a section gives the enum, decoding, names, members and the documentation.

use core::fmt;

use super::{
    ArmProcessor, CcixPerError, CxlComponentEvent, CxlProtocolError, DmarGenericError, DmarGenericErrorView,
    DmarIommuError, DmarIommuErrorView, DmarVtdError, DmarVtdErrorView, FirmwareErrorRecord, FruMemoryPoison,
    Ia32X64Processor, MemoryError, MemoryError2, MemoryError2View, MemoryErrorView, PciBusError,
    PciBusErrorView, PciComponentError, PcieError, PcieErrorView, ProcessorGeneric, ProcessorGenericView,
    vendor,
};
use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::kind::{Decode, SectionType, View};
use crate::{Error, SectionTypeId};

/// Declares [`Body`]. A line is `/// doc` `Variant(View) of Section, "where it is specified";`. The section stands for
/// one section type, or for those that its `is_type` takes.
macro_rules! bodies {
    (
        $( $(#[$doc:meta])* $variant:ident($view:ty) of $section:ty, $specification:literal; )*
    ) => {
        /// A section's body, decoded by its type: a view of the body's bytes.
        ///
        /// | body | section | where it is specified |
        /// |---|---|---|
        $( #[doc = concat!("| [`", stringify!($variant), "`](Body::", stringify!($variant), ") | [`", stringify!($section), "`] | ", $specification, " |")] )*
        /// | [`CxlComponentEvent`](Body::CxlComponentEvent) | [`CxlEvent`](super::CxlEvent) of each kind | UEFI 2.11 Appendix N, CXL 3.1 |
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub enum Body<'a> {
            $( $(#[$doc])* $variant($view), )*
            /// CXL component event, of any kind; each kind of event has a section type of its own.
            CxlComponentEvent(CxlComponentEvent<'a>),
            /// A section of a type that this crate does not decode: the bytes as they are.
            Unknown(&'a [u8]),
        }

        impl<'a> Body<'a> {
            /// The section types that are decoded, each with its name, without those of CXL component events.
            pub const ALL: &'static [(SectionTypeId, &'static str)] =
                &[ $( (<$section>::TYPE, <$section>::NAME), )* ];

            /// Decodes a body of this section type, which need not come from a record.
            ///
            /// # Errors
            /// When the type is known and the bytes do not hold it; offsets count from the body's start.
            pub fn decode(section_type: SectionTypeId, bytes: &'a [u8]) -> Result<Self, Error> {
                // Comparisons, not a match: a match on GUID constants becomes a tree over single bytes.
                $(
                    if <$section>::is_type(section_type) {
                        return <$section as Decode>::decode(bytes).map(Self::$variant);
                    }
                )*
                match CxlComponentEvent::decode(section_type, bytes) {
                    Some(event) => event.map(Self::CxlComponentEvent),
                    None => Ok(Self::Unknown(bytes)),
                }
            }

            /// The section's name, such as "memory error".
            pub const fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => <$section>::NAME, )*
                    Self::CxlComponentEvent(_) => CxlComponentEvent::NAME,
                    Self::Unknown(_) => "unknown section",
                }
            }

            /// All bytes of the body.
            pub fn bytes(&self) -> &'a [u8] {
                match self {
                    $( Self::$variant(view) => View::bytes(view), )*
                    Self::CxlComponentEvent(view) => View::bytes(view),
                    Self::Unknown(bytes) => bytes,
                }
            }

            /// The bytes after the last field: a newer revision's fields, or padding. They are among the fields.
            pub fn trailing(&self) -> &'a [u8] {
                match self {
                    $( Self::$variant(view) => View::trailing(view), )*
                    Self::CxlComponentEvent(view) => View::trailing(view),
                    Self::Unknown(_) => &[],
                }
            }

            /// How many bytes the body claims to have and does not.
            pub fn missing(&self) -> usize {
                match self {
                    $( Self::$variant(view) => View::missing(view), )*
                    Self::CxlComponentEvent(view) => View::missing(view),
                    Self::Unknown(_) => 0,
                }
            }

            /// The fields of the body. All its bytes are in them, but for reserved ones.
            pub fn fields(&self) -> &dyn Describe {
                match self {
                    $( Self::$variant(view) => view, )*
                    Self::CxlComponentEvent(view) => view,
                    Self::Unknown(bytes) => bytes,
                }
            }

            fn summarize(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant(view) => View::write_summary(view, f), )*
                    Self::CxlComponentEvent(view) => View::write_summary(view, f),
                    Self::Unknown(bytes) => View::write_summary(bytes, f),
                }
            }
        }
    };
}

bodies! {
    /// Generic processor error.
    ProcessorGeneric(ProcessorGenericView<'a>) of ProcessorGeneric, "UEFI 2.11 Appendix N";
    /// IA32/X64 processor error.
    Ia32X64Processor(Ia32X64Processor<'a>) of Ia32X64Processor<'_>, "UEFI 2.11 Appendix N";
    /// IPF processor error: the bytes, which the SAL specification defines.
    IpfProcessor(&'a [u8]) of IpfProcessor, "Intel Itanium SAL specification";
    /// Arm processor error.
    ArmProcessor(ArmProcessor<'a>) of ArmProcessor<'_>, "UEFI 2.11 Appendix N";
    /// Platform memory error.
    Memory(MemoryErrorView<'a>) of MemoryError, "UEFI 2.11 Appendix N";
    /// Platform memory error 2.
    Memory2(MemoryError2View<'a>) of MemoryError2, "UEFI 2.11 Appendix N";
    /// PCI Express error.
    Pcie(PcieErrorView<'a>) of PcieError, "UEFI 2.11 Appendix N";
    /// PCI/PCI-X bus error.
    PciBus(PciBusErrorView<'a>) of PciBusError, "UEFI 2.11 Appendix N";
    /// PCI/PCI-X component error.
    PciComponent(PciComponentError<'a>) of PciComponentError<'_>, "UEFI 2.11 Appendix N";
    /// Firmware error record reference.
    FirmwareErrorRecord(FirmwareErrorRecord<'a>) of FirmwareErrorRecord<'_>, "UEFI 2.11 Appendix N";
    /// Generic DMA remapping error.
    DmarGeneric(DmarGenericErrorView<'a>) of DmarGenericError, "UEFI 2.11 Appendix N";
    /// DMA remapping error of Intel's VT-d.
    DmarVtd(DmarVtdErrorView<'a>) of DmarVtdError, "UEFI 2.11 Appendix N";
    /// DMA remapping error of AMD's IOMMU.
    DmarIommu(DmarIommuErrorView<'a>) of DmarIommuError, "UEFI 2.11 Appendix N";
    /// CCIX protocol error.
    CcixPer(CcixPerError<'a>) of CcixPerError<'_>, "UEFI 2.11 Appendix N";
    /// CXL protocol error.
    CxlProtocol(CxlProtocolError<'a>) of CxlProtocolError<'_>, "UEFI 2.11 Appendix N";
    /// FRU memory poison.
    FruMemoryPoison(FruMemoryPoison<'a>) of FruMemoryPoison<'_>, "UEFI 2.11 Appendix N";
    /// Arm RAS node.
    ArmRasNode(vendor::ArmRasNode<'a>) of vendor::ArmRasNode<'_>, "Arm DEN0085";
    /// NVIDIA error.
    Nvidia(vendor::NvidiaError<'a>) of vendor::NvidiaError<'_>, "NVIDIA";
    /// NVIDIA event.
    NvidiaEvent(vendor::NvidiaEvent<'a>) of vendor::NvidiaEvent<'_>, "NVIDIA";
    /// Ampere error.
    Ampere(vendor::AmpereError<'a>) of vendor::AmpereError<'_>, "Ampere";
    /// Ampere specific error.
    AmpereSpecific(vendor::AmpereSpecificErrorView<'a>) of vendor::AmpereSpecificError, "Ampere";
    /// Machine check as Windows stores it.
    WindowsXpfMca(vendor::WindowsXpfMca<'a>) of vendor::WindowsXpfMca<'_>, "Microsoft `cper.h`";
}

impl<'a> Body<'a> {
    /// The error in one line, ready to be shown: what broke, and where.
    pub const fn summary(&self) -> Summary<'a> {
        Summary(*self)
    }

    /// The first error inside the body: a length or a count that claims more than there is, or a part that cannot be
    /// read. Its offset counts from the body's start.
    pub fn first_error(&self) -> Option<Error> {
        let mut found = FirstError(None);
        // The description ends at the first error.
        let _ = self.fields().describe(&mut found);
        found.0
    }
}

/// Looks for an error in what is described. Every length and every count that does not hold is described as one.
struct FirstError(Option<Error>);

impl Visitor for FirstError {
    fn field(&mut self, _name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Error(error) => {
                self.0 = Some(*error);
                Err(fmt::Error)
            }
            Value::Group(group) => group.describe(self),
            Value::List(list) => list.each(&mut |item| self.field("", item)),
            _ => Ok(()),
        }
    }
}

/// A body's error in one line; see [`Body::summary`].
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a>(Body<'a>);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.summarize(f)
    }
}

impl Describe for Body<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.fields().describe(out)
    }
}

show_fields!(Body<'a>);

/// IPF processor error: its body is a SAL record, which this crate hands on as bytes.
#[derive(Clone, Copy, Debug)]
pub struct IpfProcessor;

impl SectionType for IpfProcessor {
    const TYPE: SectionTypeId = SectionTypeId::IPF_PROCESSOR;
    const NAME: &'static str = "IPF processor error";

    fn is_type(section_type: SectionTypeId) -> bool {
        section_type == Self::TYPE || section_type == SectionTypeId::IPF_PROCESSOR_CUT
    }
}

impl Decode for IpfProcessor {
    type View<'a> = &'a [u8];

    fn decode(body: &[u8]) -> Result<&[u8], Error> {
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    /// With every length and count at its most, each type that has any is told as not whole, and the place is inside.
    #[test]
    fn a_body_that_claims_more_than_it_has_is_told_whatever_its_type() {
        let bytes = vec![0xff; 1500];
        let mut told = vec::Vec::new();
        for &(section_type, name) in SectionTypeId::ALL {
            let Ok(body) = Body::decode(section_type, &bytes) else { continue };
            if let Some(error) = body.first_error() {
                assert!(error.offset() as usize <= bytes.len(), "{name}: {error}");
                told.push(name);
            }
        }
        for name in
            ["IA32/X64 processor error", "Arm processor error", "CXL DRAM event", "Windows XPF machine check"]
        {
            assert!(told.contains(&name), "{name}: {told:?}");
        }
        assert_eq!(told.len(), 20, "{told:?}");
        // Whole values are not described: all zeros claim nothing.
        for &(section_type, name) in SectionTypeId::ALL {
            if let Ok(body) = Body::decode(section_type, &[0; 1500]) {
                assert_eq!(body.first_error(), None, "{name}");
            }
        }
    }
}
