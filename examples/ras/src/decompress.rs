//! Kernel logs in compressions that `pstore-format` only recognises. Kernels from 4.6 to 6.5 wrote them with
//! `pstore.compress=`.

use std::error::Error as StdError;
use std::io::{self, ErrorKind::UnexpectedEof};

use pstore_format::inflate::Compression;
use pstore_format::{Error, ErrorKind};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Why a stream gives no more text.
enum Stop {
    Short,
    Corrupt,
    Full,
}

/// The text of a compressed kernel log, at most `room` bytes, and why it is not all of it; `None` for 842, for which
/// there is no maintained decoder.
pub(crate) fn text(compression: Compression, stream: &[u8], room: usize) -> Option<(Vec<u8>, Option<Error>)> {
    let mut text = Vec::new();
    let mut rest = stream;
    let end = match compression {
        Compression::Lz4 => lz4(&mut rest, &mut text, room),
        Compression::Lzo => lzo(stream, &mut text, room),
        Compression::Zstd => zstd(&mut rest, &mut text, room),
        _ => return None,
    };
    let clamp = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let (decoded, offset) = (clamp(text.len()), clamp(stream.len() - rest.len()));
    let kind = end.err().map(|stop| match stop {
        Stop::Short => ErrorKind::Unfinished { compression, decoded },
        Stop::Corrupt => ErrorKind::Corrupt { compression, decoded },
        Stop::Full => ErrorKind::TextTooLong { capacity: clamp(room) },
    });
    Some((text, kind.map(|kind| Error::of(kind, offset))))
}

/// A block of LZ4. The crate for it does not tell how much of a cut block it decoded, so the block is read here, by the
/// "LZ4 Block Format Description" of LZ4's authors.
fn lz4(rest: &mut &[u8], text: &mut Vec<u8>, room: usize) -> Result<(), Stop> {
    loop {
        let token = *rest.split_off_first().ok_or(Stop::Short)?;
        let length = lz4_length(token >> 4, rest)?;
        let literals = rest.split_off(..length.min(rest.len())).unwrap_or_default();
        let space = room.saturating_sub(text.len());
        text.extend(literals.iter().take(space));
        if literals.len() > space {
            return Err(Stop::Full);
        }
        if rest.is_empty() {
            // The last five bytes of a block are literals ("End of block conditions"), and a kernel log consists of whole
            // lines. A block that was cut after literals breaks no other rule.
            let is_whole = literals.len() == length && (length >= 5 || length == text.len());
            return if is_whole && text.ends_with(b"\n") { Ok(()) } else { Err(Stop::Short) };
        }
        let distance = rest.split_off(..2).ok_or(Stop::Short)?;
        let distance = distance.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let length = lz4_length(token & 15, rest)?.saturating_add(4);
        for _ in 0..length {
            let from = text.len().checked_sub(distance).and_then(|from| text.get(from));
            let byte = *from.ok_or(Stop::Corrupt)?;
            if text.len() >= room {
                return Err(Stop::Full);
            }
            text.push(byte);
        }
    }
}

/// Four bits of a token, and the bytes that follow where these are all ones.
fn lz4_length(bits: u8, rest: &mut &[u8]) -> Result<usize, Stop> {
    let mut length = usize::from(bits);
    let mut goes_on = bits == 15;
    while goes_on {
        let more = *rest.split_off_first().ok_or(Stop::Short)?;
        length += usize::from(more);
        goes_on = more == 255;
    }
    Ok(length)
}

fn lzo(stream: &[u8], text: &mut Vec<u8>, room: usize) -> Result<(), Stop> {
    text.resize(room, 0);
    let end = lzokay::decompress::decompress(stream, text).map_err(|error| match error {
        lzokay::Error::InputOverrun => Stop::Short,
        lzokay::Error::OutputOverrun => Stop::Full,
        _ => Stop::Corrupt,
    });
    // After an error the decoder does not tell how much it wrote; a text has no zeros.
    let written = || text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let length = end.as_ref().copied().unwrap_or_else(|_| written());
    text.truncate(length);
    end.map(|_| ())
}

/// A frame of Zstandard (RFC 8878). A block that is cut gives nothing, because its bits are read from its end.
fn zstd(rest: &mut &[u8], text: &mut Vec<u8>, room: usize) -> Result<(), Stop> {
    let stop = |error: &(dyn StdError + 'static)| if is_at_end(error) { Stop::Short } else { Stop::Corrupt };
    let mut decoder = FrameDecoder::new();
    decoder.init(&mut *rest).map_err(|error| stop(&error))?;
    let mut end = Ok(());
    while end.is_ok() && !decoder.is_finished() && text.len() + decoder.can_collect() <= room {
        let block = decoder.decode_blocks(&mut *rest, BlockDecodingStrategy::UptoBlocks(1));
        end = block.map(|_| ()).map_err(|error| stop(&error));
        text.extend(decoder.collect().unwrap_or_default());
    }
    // The decoder keeps what later blocks may refer to. It gives that after an empty last block (1, 0, 0) and a checksum.
    let _ = decoder.decode_blocks(&[1, 0, 0, 0, 0, 0, 0][..], BlockDecodingStrategy::All);
    text.extend(decoder.collect().unwrap_or_default());
    if text.len() > room {
        text.truncate(room);
        end = Err(Stop::Full);
    }
    end
}

/// Whether a decoder failed because there were no more bytes.
fn is_at_end(error: &(dyn StdError + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == UnexpectedEof) || error.source().is_some_and(is_at_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Vec<u8> {
        let lines = (0..200).map(|n| format!("<6>[    {n}.000000] usb 1-1: new device number {n}\n"));
        format!("Panic#1 Part1\n{}", lines.collect::<String>()).into_bytes()
    }

    fn streams() -> [(Compression, Vec<u8>); 3] {
        let log = log();
        let zstd = ruzstd::encoding::compress_to_vec(&log[..], ruzstd::encoding::CompressionLevel::Fastest);
        [
            (Compression::Lz4, lz4_flex::block::compress(&log)),
            (Compression::Lzo, lzokay::compress::compress(&log).unwrap()),
            (Compression::Zstd, zstd),
        ]
    }

    /// The text, and the name of the error's kind.
    fn told(compression: Compression, stream: &[u8], room: usize) -> (Vec<u8>, Option<String>) {
        let (text, error) = text(compression, stream, room).unwrap();
        assert!(error.is_none_or(|error| error.offset() as usize <= stream.len()));
        let kind = |error| serde_json::to_value(error).unwrap()["kind"].as_str().unwrap().to_owned();
        (text, error.map(kind))
    }

    #[test]
    fn what_was_compressed_comes_out() {
        for (compression, stream) in streams() {
            assert!(stream.len() < log().len(), "{compression}");
            assert_eq!(Compression::recognise(&stream), compression);
            assert_eq!(told(compression, &stream, log().len()), (log(), None), "{compression}");
            assert_eq!(told(compression, &stream, 65536), (log(), None), "{compression}");
        }
    }

    /// Whatever its room and wherever it is cut, what a stream gives is the front of the text, and said to be no more.
    #[test]
    fn too_little_room_and_torn_streams_give_the_front() {
        for (compression, stream) in streams() {
            for room in [0, 1, 100, log().len() - 1] {
                let (text, kind) = told(compression, &stream, room);
                assert!(text.len() <= room && log().starts_with(&text), "{compression} {room}");
                assert_eq!(kind.as_deref(), Some("text_too_long"), "{compression} {room}");
            }
            let mut most = 0;
            for length in 0..stream.len() {
                let (text, kind) = told(compression, &stream[..length], 65536);
                assert!(log().starts_with(&text), "{compression} cut at {length}");
                assert_eq!(kind.as_deref(), Some("unfinished"), "{compression} cut at {length}");
                most = most.max(text.len());
            }
            // The whole log is one block of Zstandard.
            assert_eq!(most > log().len() / 2, compression != Compression::Zstd, "{compression}: {most}");
        }
    }

    #[test]
    fn blocks_before_the_cut_are_kept() {
        let log = log().repeat(40);
        let zstd = ruzstd::encoding::compress_to_vec(&log[..], ruzstd::encoding::CompressionLevel::Fastest);
        let (text, kind) = told(Compression::Zstd, &zstd[..zstd.len() - 1], 1 << 20);
        assert!(text.len() >= 128 << 10 && log.starts_with(&text), "{}", text.len());
        assert_eq!(kind.as_deref(), Some("unfinished"));
        // The frame says that a checksum follows the blocks, and none does.
        let mut no_checksum = zstd.clone();
        no_checksum[4] |= 4;
        let told_of = told(Compression::Zstd, &no_checksum, 1 << 20);
        assert!(told_of == (log.clone(), Some("unfinished".into())));
        let (text, kind) = told(Compression::Zstd, &zstd, 200 << 10);
        assert!(
            text.len() == 200 << 10 && log.starts_with(&text) && kind.as_deref() == Some("text_too_long")
        );
    }

    /// Whatever is in it: no panic, and no more text than there is room for.
    #[test]
    fn damaged_streams_give_what_they_give() {
        for (compression, stream) in streams() {
            for bit in (0..stream.len() * 8).step_by(7) {
                let mut stream = stream.clone();
                stream[bit / 8] ^= 1 << (bit % 8);
                assert!(told(compression, &stream, 20_000).0.len() <= 20_000, "{compression} bit {bit}");
            }
        }
    }

    #[test]
    fn no_decoder_is_said() {
        assert!(text(Compression::Ibm842, &[0; 32], 1024).is_none());
    }
}
