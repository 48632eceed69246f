//! The body of a response, unpacked as it arrives and bounded after unpacking.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use reqwest::{Response, header};

use super::{Refusal, transport};

/// What is done with a body beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// It is refused.
    Refuse,
    /// It is cut: robots.txt (RFC 9309, 2.5).
    Cut,
}

/// Takes bytes until it is full.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let room = self.most - self.bytes.len();
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Unpacking {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Unpacking {
    fn new(gzip: bool, most: usize) -> Unpacking {
        let to = Bounded { bytes: Vec::new(), most, full: false };
        if gzip { Unpacking::Gzip(Box::new(MultiGzDecoder::new(to))) } else { Unpacking::Plain(to) }
    }

    /// False when it is full or broken.
    fn take(&mut self, part: &[u8]) -> bool {
        match self {
            Unpacking::Plain(to) => to.write_all(part).is_ok(),
            Unpacking::Gzip(to) => to.write_all(part).is_ok(),
        }
    }

    fn end(self, beyond: Beyond, mut sound: bool) -> Result<Vec<u8>, Refusal> {
        let to = match self {
            Unpacking::Plain(to) => to,
            Unpacking::Gzip(mut packed) => {
                sound &= packed.try_finish().is_ok();
                std::mem::replace(packed.get_mut(), Bounded { bytes: Vec::new(), most: 0, full: true })
            }
        };
        match (to.full, beyond) {
            (true, Beyond::Refuse) => Err(Refusal::TooLarge),
            (true, Beyond::Cut) => Ok(to.bytes),
            (false, _) if sound => Ok(to.bytes),
            (false, _) => Err(Refusal::Broken),
        }
    }
}

/// Reads a body of at most `most` bytes after unpacking.
pub(super) async fn read(mut response: Response, most: usize, beyond: Beyond) -> Result<Vec<u8>, Refusal> {
    let named = response.headers().get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?"));
    let gzip = match named.unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "" | "identity" => false,
        "gzip" | "x-gzip" => true,
        _ => return Err(Refusal::Encoding),
    };
    let mut unpacking = Unpacking::new(gzip, most);
    let mut packed = 0;
    while let Some(part) = response.chunk().await.map_err(|e| transport(&e))? {
        packed += part.len();
        let taken = unpacking.take(&part);
        // What unpacks to nothing must end too.
        if !taken || packed > most {
            let mut ended = unpacking.end(beyond, false);
            if packed > most && taken && beyond == Beyond::Refuse {
                ended = Err(Refusal::TooLarge);
            }
            return ended;
        }
    }
    unpacking.end(beyond, true)
}

/// Unpacks a file that is itself a gzip (`sitemap.xml.gz`); another comes back as it is.
pub(super) fn unpacked(file: Vec<u8>, most: usize) -> Result<Vec<u8>, Refusal> {
    if !file.starts_with(&[0x1f, 0x8b]) {
        return Ok(file);
    }
    let mut unpacking = Unpacking::new(true, most);
    let sound = unpacking.take(&file);
    unpacking.end(Beyond::Refuse, sound)
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut to = GzEncoder::new(Vec::new(), Compression::best());
        to.write_all(text).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn a_packed_file_is_unpacked_within_its_limit() {
        assert_eq!(unpacked(packed(b"hello"), 5).unwrap(), b"hello");
        assert_eq!(unpacked(b"hello".to_vec(), 5).unwrap(), b"hello");
        let bomb = packed(&vec![0; 20_000_000]);
        assert!(bomb.len() < 50_000);
        assert_eq!(unpacked(bomb, 1_000_000), Err(Refusal::TooLarge));
        let mut cut = packed(b"hello, hello, hello");
        cut.truncate(cut.len() - 9);
        assert_eq!(unpacked(cut, 1000), Err(Refusal::Broken));
    }
}
