//! Kernel logs in compressions that `pstore-format` only recognises. Kernels from 4.6 to 6.5 wrote them with
//! `pstore.compress=`.

use std::io::Read;

use pstore_format::inflate::Compression;

/// The text of a compressed kernel log, at most `room` bytes; `None` when the stream is not whole, when its text does
/// not fit, or for 842, for which there is no maintained decoder.
pub(crate) fn text(compression: Compression, stream: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut text = vec![0; room];
    let length = match compression {
        Compression::Lz4 => lz4_flex::block::decompress_into(stream, &mut text).ok()?,
        Compression::Lzo => lzokay::decompress::decompress(stream, &mut text).ok()?,
        Compression::Zstd => zstd(stream, &mut text)?,
        _ => return None,
    };
    text.truncate(length);
    Some(text)
}

/// Fills `text` from a Zstandard frame.
fn zstd(stream: &[u8], text: &mut [u8]) -> Option<usize> {
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(stream).ok()?;
    let mut length = 0;
    while let Some(rest) = text.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match decoder.read(rest).ok()? {
            0 => return Some(length),
            read => length += read,
        }
    }
    // The buffer is full. The stream may end here.
    (decoder.read(&mut [0]).ok()? == 0).then_some(length)
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

    #[test]
    fn what_was_compressed_comes_out() {
        for (compression, stream) in streams() {
            assert!(stream.len() < log().len(), "{compression}");
            assert_eq!(Compression::recognise(&stream), compression);
            assert_eq!(text(compression, &stream, log().len()).as_deref(), Some(&log()[..]), "{compression}");
            assert_eq!(text(compression, &stream, 65536).as_deref(), Some(&log()[..]), "{compression}");
        }
    }

    #[test]
    fn too_little_room_and_torn_streams_give_nothing_or_less_but_no_panic() {
        for (compression, stream) in streams() {
            assert_eq!(text(compression, &stream, log().len() - 1), None, "{compression}");
            for length in 0..stream.len() {
                let torn = text(compression, &stream[..length], 65536);
                assert!(torn.is_none_or(|torn| torn.len() < log().len()), "{compression} cut at {length}");
            }
        }
    }

    #[test]
    fn no_decoder_is_said() {
        assert_eq!(text(Compression::Ibm842, &[0; 32], 1024), None);
    }
}
