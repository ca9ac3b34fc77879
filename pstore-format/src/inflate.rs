//! Compressed records: which compression a kernel used, and the text of those in deflate.
//!
//! No backend stores the name of the compression, so it is recognised by the bytes:
//!
//! | Linux | compression | recognised by | read here |
//! |---|---|---|---|
//! | 3.12 to 4.16 | zlib (window 12 bits) | its two-byte header | yes |
//! | 4.17 to 6.5 | raw deflate (window 11 bits) by default | nothing else fits | yes |
//! | from 6.6 | raw deflate (window 15 bits) | nothing else fits | yes |
//! | 4.6 to 6.5, by choice | LZO, LZ4, LZ4HC | the dump's first word after the first token | no |
//! | 4.9 to 6.5, by choice | 842 | the dump's first word, 5 bits off | no |
//! | 4.19 to 6.5, by choice | Zstandard | its magic number | no |
//!
//! Text goes into a buffer of the caller, which bounds it: kernels read at most three times their record size.
//! What came out before an error is in the buffer too; the error says how much.

use core::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::dmesg;
use crate::error::{Error, ErrorKind, clamp};

pub use crate::compression::Compression;

impl Compression {
    /// Recognises the compression of a record by its first bytes. A stream without a mark of another one is raw
    /// deflate.
    ///
    /// LZO, LZ4 and 842 carry no mark either, but store the start of the text as it is, and all text starts with
    /// the dump's reason.
    pub fn recognise(stream: &[u8]) -> Self {
        if stream.starts_with(&ZSTD_MAGIC) {
            Self::Zstd
        } else if is_zlib(stream) {
            Self::Zlib
        } else if stream.ends_with(&LZO_END) && lzo_literals(stream).is_some_and(dmesg::starts_with_reason) {
            Self::Lzo
        } else if lz4_literals(stream).is_some_and(dmesg::starts_with_reason) {
            Self::Lz4
        } else if first_842_block(stream).is_some_and(|block| dmesg::starts_with_reason(&block)) {
            Self::Ibm842
        } else {
            Self::Deflate
        }
    }
}

/// The magic number of a Zstandard frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The last bytes of every LZO1X stream.
const LZO_END: [u8; 3] = [0x11, 0, 0];

/// Method 8, a window of at most 15 bits, no preset dictionary, and a multiple of 31 in all.
fn is_zlib(stream: &[u8]) -> bool {
    let Some(&[method, flags]) = stream.first_chunk() else { return false };
    method & 0x0F == 8
        && method >> 4 <= 7
        && flags & 0x20 == 0
        && u16::from_be_bytes([method, flags]).wrapping_rem(31) == 0
}

/// The literals after the first token of an LZ4 block: 15 in its high bits says that length bytes follow.
fn lz4_literals(stream: &[u8]) -> Option<&[u8]> {
    let (&token, rest) = stream.split_first()?;
    if token >> 4 == 15 { after_lengths(rest, 0xFF) } else { Some(rest) }
}

/// The literals after the first token of an LZO1X stream: 0 says that length bytes follow.
fn lzo_literals(stream: &[u8]) -> Option<&[u8]> {
    let (&token, rest) = stream.split_first()?;
    if token == 0 { after_lengths(rest, 0) } else { Some(rest) }
}

/// What follows length bytes, of which all but the last are `more`.
fn after_lengths(bytes: &[u8], more: u8) -> Option<&[u8]> {
    let last = bytes.iter().position(|&length| length != more)?;
    bytes.get(last.checked_add(1)?..)
}

/// The eight bytes of text that an 842 stream begins with: five zero bits say that they stand for themselves.
fn first_842_block(stream: &[u8]) -> Option<[u8; 8]> {
    let &head = stream.first_chunk::<9>()?;
    let [operation, ..] = head;
    let mut wide = [0; 16];
    wide.iter_mut().zip(head).for_each(|(to, from)| *to = from);
    let bits = u128::from_be_bytes(wide);
    (operation >> 3 == 0).then_some(((bits << 5 >> 64) as u64).to_be_bytes())
}

/// The result of [`Inflater::inflate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// The compression the stream was in.
    pub compression: Compression,
    /// Bytes of text, at the start of the buffer.
    pub length: usize,
    /// Bytes of the input after the end of the stream.
    pub unused: usize,
}

/// The working memory of inflating, about 11 KiB: keep it where that much fits, and use it again.
pub struct Inflater {
    state: DecompressorOxide,
}

impl Inflater {
    /// Working memory, ready for use.
    pub fn new() -> Self {
        Self { state: DecompressorOxide::new() }
    }

    /// Inflates a raw deflate or zlib stream to the start of `text`, whatever its window.
    ///
    /// # Errors
    ///
    /// When the stream is corrupt or stops short, or the text does not fit `text`; what came out before is in it.
    /// Streams of LZO, LZ4, 842 and Zstandard are named as not decodable here. The offset is that in `stream`.
    pub fn inflate(&mut self, stream: &[u8], text: &mut [u8]) -> Result<Inflated, Error> {
        match Compression::recognise(stream) {
            Compression::Deflate => self.run(stream, text, Compression::Deflate),
            // A raw stream may begin like zlib's header. When neither reading works, zlib's is the one reported.
            Compression::Zlib => self
                .run(stream, text, Compression::Zlib)
                .or_else(|_| self.run(stream, text, Compression::Deflate))
                .or_else(|_| self.run(stream, text, Compression::Zlib)),
            other => Err(Error::new(ErrorKind::NotDecodable(other), 0)),
        }
    }

    fn run(&mut self, stream: &[u8], text: &mut [u8], compression: Compression) -> Result<Inflated, Error> {
        let mut flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        if compression == Compression::Zlib {
            flags |= TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32;
        }
        self.state.init();
        let (status, consumed, length) = decompress(&mut self.state, stream, text, 0, flags);
        let decoded = clamp(length);
        let kind = match status {
            TINFLStatus::Done => {
                return Ok(Inflated { compression, length, unused: stream.len().saturating_sub(consumed) });
            }
            TINFLStatus::HasMoreOutput => ErrorKind::TextTooLong { capacity: clamp(text.len()) },
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => {
                ErrorKind::Unfinished { compression, decoded }
            }
            TINFLStatus::Adler32Mismatch => ErrorKind::Checksum { decoded },
            _ => ErrorKind::Corrupt { compression, decoded },
        };
        Err(Error::new(kind, consumed))
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;
    use std::{format, vec};

    const TEXT: &[u8] = b"Panic#1 Part1\n<6>[    0.446622] audit: initializing netlink subsys (disabled)\n";

    /// [`TEXT`] by zlib 1.2.13, raw.
    const RAW: &[u8] = b"\x0b\x48\xcc\xcb\x4c\x56\x36\x54\x08\x48\x2c\x2a\x31\xe4\xb2\x31\xb3\x8b\x56\x00\x02\x03\x3d\x13\
        \x13\x33\x33\x23\xa3\x58\x85\xc4\xd2\x94\xcc\x12\x2b\x85\xcc\xbc\xcc\x92\xcc\xc4\x9c\xcc\xaa\xcc\xbc\x74\x85\xbc\
        \xd4\x92\x9c\xcc\xbc\x6c\x85\xe2\xd2\xa4\xe2\xca\x62\x05\x8d\x94\xcc\xe2\xc4\xa4\x9c\xd4\x14\x4d\x2e\x00";

    /// What zlib puts around it with a window of 12 bits, as Linux 3.12 did.
    fn zlib() -> Vec<u8> {
        [b"\x48\x89", RAW, b"\x95\xd5\x18\xdd"].concat()
    }

    fn inflate(stream: &[u8], capacity: usize) -> Result<(Inflated, Vec<u8>), Error> {
        let mut text = vec![0xA5; capacity];
        let inflated = Inflater::new().inflate(stream, &mut text)?;
        assert!(text.iter().skip(inflated.length).all(|&byte| byte == 0xA5));
        text.truncate(inflated.length);
        Ok((inflated, text))
    }

    #[test]
    fn both_deflate_forms_give_the_text() {
        let (inflated, text) = inflate(RAW, 100).unwrap();
        assert_eq!(inflated, Inflated { compression: Compression::Deflate, length: 78, unused: 0 });
        assert_eq!(text, TEXT);
        let (inflated, text) = inflate(&zlib(), 78).unwrap();
        assert_eq!(inflated, Inflated { compression: Compression::Zlib, length: 78, unused: 0 });
        assert_eq!(text, TEXT);
    }

    #[test]
    fn what_follows_a_stream_is_counted() {
        for stream in [RAW.to_vec(), zlib()] {
            let (inflated, text) = inflate(&[&stream[..], &[0xFF; 3]].concat(), 100).unwrap();
            assert_eq!((inflated.unused, &text[..]), (3, TEXT));
        }
    }

    #[test]
    fn working_memory_is_as_new_after_an_error() {
        let mut inflater = Inflater::default();
        let mut text = [0; 100];
        for broken in [&RAW[..40], &[0xFF; 8], &zlib()[..80]] {
            inflater.inflate(broken, &mut text).unwrap_err();
            assert_eq!(inflater.inflate(RAW, &mut text).unwrap().length, 78);
            assert_eq!(&text[..78], TEXT);
        }
        assert_eq!(format!("{inflater:?}"), "Inflater { .. }");
    }

    #[test]
    fn a_stream_cut_anywhere_stops_short_and_leaves_what_came_out() {
        for (stream, compression) in [(RAW.to_vec(), Compression::Deflate), (zlib(), Compression::Zlib)] {
            let mut last = 0;
            for end in 2..stream.len() {
                let mut text = [0xA5; 100];
                let error = Inflater::new().inflate(&stream[..end], &mut text).unwrap_err();
                let ErrorKind::Unfinished { compression: seen, decoded } = error.kind() else {
                    panic!("{error}")
                };
                assert_eq!((seen, error.offset() as usize), (compression, end));
                assert!(decoded >= last && text[..decoded as usize] == TEXT[..decoded as usize]);
                last = decoded;
            }
            assert_eq!(last, 78);
        }
        let error = inflate(&[], 10).unwrap_err();
        assert_eq!(format!("{error}"), "offset 0: deflate stream stops short after 0 bytes of text");
    }

    #[test]
    fn text_longer_than_the_buffer_is_an_error_with_the_buffer_filled() {
        for stream in [RAW.to_vec(), zlib()] {
            for capacity in 0..78 {
                let mut text = [0xA5; 100];
                let error = Inflater::new().inflate(&stream, &mut text[..capacity]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TextTooLong { capacity: capacity as u32 });
                assert_eq!((&text[..capacity], text[capacity]), (&TEXT[..capacity], 0xA5));
            }
        }
        let error = inflate(RAW, 7).unwrap_err();
        assert!(format!("{error}").ends_with(": text is longer than the 7 bytes given for it"), "{error}");
    }

    #[test]
    fn a_bomb_is_bounded_by_the_buffer() {
        // A megabyte of zeros in 1033 bytes, by zlib: a head, zeros, an end.
        let mut bomb = vec![0; 1033];
        bomb[..12].copy_from_slice(&[0xED, 0xC1, 0x31, 0x01, 0, 0, 0, 0xC2, 0xA0, 0xF5, 0x4F, 0x6D]);
        bomb[12..17].copy_from_slice(&[0x08, 0x5F, 0xA0, 0, 0]);
        bomb[1031..].copy_from_slice(&[0x3E, 0x03]);
        let (inflated, text) = inflate(&bomb, 1 << 20).unwrap();
        assert_eq!((inflated.length, inflated.unused), (1 << 20, 0));
        assert!(text.iter().all(|&byte| byte == 0));
        let error = inflate(&bomb, 3 * 8192).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TextTooLong { capacity: 24576 });
    }

    #[test]
    fn a_false_checksum_is_told() {
        let mut stream = zlib();
        stream[82] ^= 1;
        let error = inflate(&stream, 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Checksum { decoded: 78 });
        assert!(format!("{error}").contains("zlib checksum does not fit the 78 bytes of text"));
    }

    #[test]
    fn corrupt_streams_say_how_far_they_went() {
        // Block type 3 does not exist.
        let error = inflate(&[0x07], 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt { compression: Compression::Deflate, decoded: 0 });
        // A stored block of 3 bytes, then one of type 3.
        let error = inflate(&[0x00, 3, 0, 0xFC, 0xFF, b'a', b'b', b'c', 0x07], 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt { compression: Compression::Deflate, decoded: 3 });
        // A distance that reaches before the first byte.
        let error = inflate(&[0x4B, 0x04, 0x12, 0x00], 100).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Corrupt { decoded: 1, .. }), "{error}");
    }

    #[test]
    fn a_raw_stream_may_begin_like_zlib() {
        // A stored block whose five unused bits are not zero: 0x78, and a length whose low byte is 0x01.
        let length = [0x01, 0x00];
        let stream = [&[0x78], &length[..], &[0xFE, 0xFF, b'x', 0x03, 0x00]].concat();
        assert_eq!(Compression::recognise(&stream), Compression::Zlib);
        let (inflated, text) = inflate(&stream, 10).unwrap();
        assert_eq!((inflated.compression, &text[..]), (Compression::Deflate, &b"x"[..]));
    }

    #[test]
    fn zlib_headers_are_told_from_others() {
        for header in [[0x48, 0x89], [0x78, 0x9C], [0x78, 0x01], [0x18, 0x19], [0x08, 0x1D]] {
            assert!(is_zlib(&header), "{header:x?}");
        }
        // Not a multiple of 31; not method 8; a window of 16 bits; a dictionary.
        for header in [[0x48, 0x88], [0x47, 0x9F], [0x88, 0x1C], [0x78, 0xBB]] {
            assert!(!is_zlib(&header), "{header:x?}");
        }
        assert!(!is_zlib(&[0x78]) && !is_zlib(&[]));
    }

    /// [`TEXT`] as one LZ4 block: 15 + 63 literals.
    fn lz4() -> Vec<u8> {
        [&[0xF0, 0x3F], TEXT].concat()
    }

    #[test]
    fn streams_of_other_compressions_are_named() {
        let zstd = [&[0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x4C, 0x61, 0x02, 0x00], TEXT].concat();
        let lzo_short = [&[17 + 78], TEXT, &LZO_END].concat();
        let lzo_long = [&[0x00, 0x3C], TEXT, &LZO_END].concat();
        let mut packed = vec![0; 10];
        for (i, byte) in TEXT[..8].iter().enumerate() {
            packed[i] |= byte >> 5;
            packed[i + 1] |= byte << 3;
        }
        for (stream, compression, name) in [
            (zstd, Compression::Zstd, "zstd"),
            (lz4(), Compression::Lz4, "lz4"),
            (lzo_short, Compression::Lzo, "lzo"),
            (lzo_long, Compression::Lzo, "lzo"),
            (packed, Compression::Ibm842, "842"),
        ] {
            assert_eq!(Compression::recognise(&stream), compression);
            let error = inflate(&stream, 100).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotDecodable(compression));
            assert_eq!(format!("{error}"), format!("offset 0: {name} stream, not decodable here"));
        }
    }

    #[test]
    fn other_compressions_are_told_by_all_their_marks() {
        let lz4 = lz4();
        for end in 0..lz4.len() {
            let seen = Compression::recognise(&lz4[..end]);
            assert_eq!(seen == Compression::Lz4, end >= 2 + "Panic".len(), "{end}");
        }
        let unknown_reason = [&[0xF0, 0x3F], &b"Weary#1 Part1\n<6>"[..]].concat();
        assert_eq!(Compression::recognise(&unknown_reason), Compression::Deflate);
        let many_lengths = [&[0xF0, 0xFF, 0xFF, 0x00], TEXT].concat();
        assert_eq!(Compression::recognise(&many_lengths), Compression::Lz4);
        let without_end = [&[17 + 78], TEXT].concat();
        assert_eq!(Compression::recognise(&without_end), Compression::Lz4);
        for stream in [&[][..], &[0], &[0, 0, 0], &[0xFF; 5], &LZO_END] {
            assert_eq!(Compression::recognise(stream), Compression::Deflate);
        }
        assert_eq!(Compression::recognise(RAW), Compression::Deflate);
    }
}
