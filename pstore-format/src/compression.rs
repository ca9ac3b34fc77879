//! The compressions that Linux has used for pstore records.

use core::fmt;

/// A compression that Linux has used for pstore records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Deflate without a header (RFC 1951).
    Deflate,
    /// Deflate with zlib's header and checksum (RFC 1950).
    Zlib,
    /// LZO1X.
    Lzo,
    /// An LZ4 block without a frame; LZ4HC writes the same.
    Lz4,
    /// IBM's 842, as Linux does it in software.
    Ibm842,
    /// A Zstandard frame (RFC 8878).
    Zstd,
}

impl Compression {
    /// The name Linux gives it, as in the module parameter `pstore.compress`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deflate => "deflate",
            Self::Zlib => "zlib",
            Self::Lzo => "lzo",
            Self::Lz4 => "lz4",
            Self::Ibm842 => "842",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
