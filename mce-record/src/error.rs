//! The crate's one error type.

use crate::grammar::{clamp, error};

error! {
    /// What was wrong, where in the bytes, with the values seen.
    ///
    /// ```
    /// # use mce_record::{ErrorKind, MceRecord};
    /// let error = MceRecord::parse(&[0; 80]).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::RecordLength { available: 80 });
    /// assert_eq!(error.to_string(), "offset 0: struct mce is 72, or 88 and more bytes long, 80 available");
    /// ```
    Error;

    /// No layout of `struct mce` has this length: less than 72 bytes, or 73 to 87.
    RecordLength {
        /// Length of the slice handed in.
        available: u32,
    } => "struct mce is 72, or 88 and more bytes long, {available} available";

    /// The log does not begin with [`mcelog::SIGNATURE`](crate::mcelog::SIGNATURE).
    LogSignature {
        /// The twelve bytes found.
        found: [u8; 12],
    } => "no machine-check log: signature \"{}\"", found.escape_ascii();
}

impl Error {
    /// The error, `offset` bytes further on.
    pub(crate) const fn at(self, offset: usize) -> Self {
        Self { offset: self.offset.saturating_add(clamp(offset)), ..self }
    }
}
