//! What a maker says about a bank and its model-specific codes, chosen by the processor in the record.

pub mod amd;
pub mod intel;

use core::fmt;

use crate::record::MceRecord;
use crate::registers::CpuVendor;
use crate::status::AmdStatus;

/// The part of the processor a bank belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Of an Intel server processor.
    Intel(intel::Unit),
    /// Of an AMD or Hygon processor with scalable MCA.
    Amd(amd::Unit),
}

/// `M2M 1`, `unified memory controller, channel 2`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intel(unit) => unit.fmt(f),
            Self::Amd(unit) => unit.fmt(f),
        }
    }
}

/// What the model-specific code says, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelError {
    /// Of an Intel server processor.
    Intel(intel::ModelError),
    /// The extended error code of an AMD or Hygon processor with scalable MCA.
    Amd(&'static str),
}

/// `write data parity error`.
impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intel(error) => error.fmt(f),
            Self::Amd(text) => f.write_str(text),
        }
    }
}

impl MceRecord<'_> {
    /// The Intel server processor the record comes from, if it is a known one.
    pub fn intel_part(&self) -> Option<intel::Part> {
        if self.cpu_vendor()? != CpuVendor::INTEL {
            return None;
        }
        intel::Part::of(self.signature()?)
    }

    /// The part of the processor the bank belongs to, if the processor is known and says so.
    pub fn unit(&self) -> Option<Unit> {
        if self.is_smca() {
            return amd::Unit::of(self.ipid()?).map(Unit::Amd);
        }
        intel::Unit::of(self.intel_part()?, self.bank()?).map(Unit::Intel)
    }

    /// What the model-specific code says, if processor, bank and code are known.
    pub fn model_error(&self) -> Option<ModelError> {
        let (status, signature) = (self.status(), self.signature()?);
        match self.unit()? {
            Unit::Amd(unit) => {
                let code = AmdStatus { status, signature }.extended_code();
                unit.bank_type.error(code, signature).map(ModelError::Amd)
            }
            Unit::Intel(unit) => {
                intel::ModelError::of(self.intel_part()?, unit, status).map(ModelError::Intel)
            }
        }
    }

    /// Where in a memory channel the error is, if processor and bank are known and say so.
    pub fn dram_location(&self) -> Option<intel::DramLocation> {
        let Unit::Intel(unit) = self.unit()? else { return None };
        intel::DramLocation::of(self.intel_part()?, unit, self.status(), self.misc()?)
    }
}
