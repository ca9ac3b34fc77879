//! `arm_event`: an error of an Arm processor (`drivers/ras/ras.c`, `log_arm_hw_error`).

use super::{Field, Fields, GhesSeverity, Version, descriptor_of};
use crate::kind::{SectionType, fill_with};
use crate::section::{
    ArmContextHeader, ArmErrorInformation, ArmProcessor, ArmProcessorHeader, ArmProcessorValidation, Encode,
};
use crate::{Error, FruText, SectionDescriptor, SectionTypeId, Severity};
use zerocopy::IntoBytes;

/// The event of an error of an Arm processor. [`RecordWriter::section`](crate::RecordWriter::section) writes it as a
/// section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArmEvent<'a> {
    /// `MPIDR_EL1`; 0 when it is not known.
    pub mpidr: u64,
    /// `MIDR_EL1`.
    pub midr: u64,
    /// Running state: bit 0 is set when the processor is running; all ones when the state is not known.
    pub running_state: u32,
    /// PSCI state of a processor that is not running; all ones when the state is not known.
    pub psci_state: u32,
    /// Affinity level of the error; 0xFF when it is not known.
    pub affinity: u8,
    /// The error information structures. This field and those below exist since Linux 6.17.
    pub pei_buf: &'a [u8],
    /// The register contexts with their headers.
    pub ctx_buf: &'a [u8],
    /// The vendor's own bytes.
    pub oem_buf: &'a [u8],
    /// Severity of the error.
    pub sev: GhesSeverity,
    /// Linux's number of the processor; -1 when the machine does not have the processor.
    pub cpu: i32,
}

const LINUX_5_0: &[Field] = &[
    Field::number("mpidr", 8),
    Field::number("midr", 8),
    Field::number("running_state", 4),
    Field::number("psci_state", 4),
    Field::number("affinity", 1),
];

const LINUX_6_17: &[Field] = &[
    Field::number("mpidr", 8),
    Field::number("midr", 8),
    Field::number("running_state", 4),
    Field::number("psci_state", 4),
    Field::number("affinity", 1),
    Field::number("pei_len", 4),
    Field::dynamic("pei_buf"),
    Field::number("ctx_len", 4),
    Field::dynamic("ctx_buf"),
    Field::number("oem_len", 4),
    Field::dynamic("oem_buf"),
    Field::number("sev", 1),
    Field::number("cpu", 4),
];

impl<'a> ArmEvent<'a> {
    /// The name of the event.
    pub const NAME: &'static str = "arm_event";

    /// The fields in their order.
    pub const fn fields(version: Version) -> &'static [Field] {
        match version {
            Version::Linux5_0 => LINUX_5_0,
            Version::Linux6_17 | Version::Linux7_3 => LINUX_6_17,
        }
    }

    /// The event of an error. Contexts and the vendor's own bytes are split where the section splits them. What the
    /// section's lengths claim and the section does not have is left out. (Debian's Linux 6.12.117 counts only eight
    /// bytes of each context, and takes the registers for the vendor's bytes.)
    pub fn of(descriptor: &SectionDescriptor, processor: &ArmProcessor<'a>) -> Self {
        let valid = processor.validation().contains(ArmProcessorValidation::RUNNING_STATE);
        let state = |value: Option<u32>| if valid { value.unwrap_or(u32::MAX) } else { u32::MAX };
        let bytes = processor.bytes();
        let errors = processor.error_information().as_slice().as_bytes().len();
        let oem_buf = processor.vendor_specific();
        let rest = bytes.get(ArmProcessorHeader::SIZE..).unwrap_or_default();
        let (pei_buf, rest) = rest.split_at_checked(errors).unwrap_or((rest, &[]));
        let after = processor.trailing().len().saturating_add(oem_buf.len());
        let ctx_buf = rest.get(..rest.len().saturating_sub(after)).unwrap_or_default();
        Self {
            mpidr: processor.mpidr_el1().unwrap_or(0),
            midr: processor.midr_el1(),
            running_state: state(processor.running_state_raw()),
            psci_state: state(processor.psci_state_raw()),
            affinity: processor.error_affinity_level().unwrap_or(0xff),
            pei_buf,
            ctx_buf,
            oem_buf,
            sev: descriptor.severity().into(),
            cpu: -1,
        }
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer. An event before Linux
    /// 6.17 does not state the severity, which is then taken for the worst.
    ///
    /// # Errors
    /// When the event ends before its last field, or an array of it does not lie inside it.
    pub fn read(version: Version, event: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::new(Self::NAME, Self::fields(version), event)?;
        let has_arrays = version >= Version::Linux6_17;
        let array = |name| if has_arrays { fields.dynamic(name) } else { Ok(&[][..]) };
        Ok(Self {
            mpidr: fields.number("mpidr"),
            midr: fields.number("midr"),
            running_state: fields.number("running_state") as u32,
            psci_state: fields.number("psci_state") as u32,
            affinity: fields.number("affinity") as u8,
            pei_buf: array("pei_buf")?,
            ctx_buf: array("ctx_buf")?,
            oem_buf: array("oem_buf")?,
            sev: if has_arrays { GhesSeverity::new(fields.number("sev") as u8) } else { GhesSeverity::PANIC },
            cpu: if has_arrays { i32::from_le_bytes(fields.array("cpu")) } else { -1 },
        })
    }

    /// The descriptor of the section that the event came from.
    pub fn descriptor(&self) -> SectionDescriptor {
        descriptor_of(SectionTypeId::ARM_PROCESSOR, self.severity(), FruText::EMPTY)
    }

    fn severity(&self) -> Severity {
        self.sev.severity()
    }

    /// The header of the section that the event came from.
    pub fn header(&self) -> ArmProcessorHeader {
        let mut header = ArmProcessorHeader::new();
        header.set_midr_el1(self.midr);
        if self.mpidr != 0 {
            header.set_mpidr_el1(self.mpidr);
        }
        if self.affinity != 0xff {
            header.set_error_affinity_level(self.affinity);
        }
        if self.running_state != u32::MAX {
            header.set_psci_state(self.psci_state);
            header.set_running_state(self.running_state);
        }
        if !self.oem_buf.is_empty() {
            header.set_validation(header.validation() | ArmProcessorValidation::VENDOR_SPECIFIC);
        }
        let errors = self.pei_buf.len().checked_div(ArmErrorInformation::SIZE).unwrap_or(0);
        header.with_counts(errors as u16, self.contexts(), self.encoded_len() as u32)
    }

    /// What the section consists of, behind this header.
    pub(super) fn parts<'p>(&'p self, header: &'p ArmProcessorHeader) -> [&'p [u8]; 4] {
        [header.as_bytes(), self.pei_buf, self.ctx_buf, self.oem_buf]
    }

    /// How many contexts there are.
    fn contexts(&self) -> u16 {
        let (mut rest, mut count) = (self.ctx_buf, 0_u16);
        while let Some((header, array)) = ArmContextHeader::first(rest) {
            // The rest is shorter by at least a header.
            rest = array.get(header.register_array_size() as usize..).unwrap_or_default();
            count = count.saturating_add(1);
        }
        count
    }
}

impl SectionType for ArmEvent<'_> {
    const TYPE: SectionTypeId = ArmProcessor::TYPE;
    const NAME: &'static str = ArmProcessor::NAME;
}

/// The section: header, errors, contexts and the vendor's part.
impl Encode for ArmEvent<'_> {
    fn encoded_len(&self) -> usize {
        let parts = self.pei_buf.len().saturating_add(self.ctx_buf.len()).saturating_add(self.oem_buf.len());
        ArmProcessorHeader::SIZE.saturating_add(parts)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        fill_with(out, &self.parts(&self.header()))
    }
}
