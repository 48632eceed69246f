//! The bytes of a segment: a header, then frames. Writing is plain; reading gives back every frame that checks,
//! whatever stands between them.

/// What a segment begins with: its magic, the version of the format, and four bytes that are kept for later.
pub(super) const SEGMENT_HEADER: [u8; 16] = *b"CIQSPOOL\x01\0\0\0\0\0\0\0";
/// The version that this program writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
/// A payload has this many bytes at most: 1 MiB.
pub(super) const MOST_PAYLOAD: usize = 1 << 20;
/// What a frame adds to its payload: magic, length, checksum.
pub(super) const FRAME_HEADER: usize = 12;

/// No byte of it is ASCII text or zero, so that neither text nor a hole in a file looks like a frame.
const FRAME_MAGIC: [u8; 4] = [0xC1, 0xD1, 0xF5, 0x9E];
const MAGIC_BYTES: usize = 8;

/// What was found in a segment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// In the order of the file.
    pub(super) payloads: Vec<Vec<u8>>,
    /// Bytes that belong to no frame that checks, a torn end not counted.
    pub(super) damaged_bytes: u64,
}

/// A segment of a version that this program can't read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Newer(pub(super) u32);

/// As long as the frame of this payload is, in bytes.
pub(super) fn size(payload: &[u8]) -> u64 {
    (FRAME_HEADER + payload.len()) as u64
}

/// Adds the frame of a payload of 1 byte to 1 MiB.
pub(super) fn write(out: &mut Vec<u8>, payload: &[u8]) {
    // The handle lets nothing longer pass than 1 MiB.
    let length = (payload.len() as u32).to_le_bytes();
    out.extend_from_slice(&FRAME_MAGIC);
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(length, payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// Reads a whole segment. After bytes that don't check it goes on at the next magic whose frame does. Payloads
/// are encrypted, so that what looks like a frame inside of one does not occur.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, Newer> {
    let mut contents = Contents::default();
    let mut rest = after_header(bytes)?;
    while !rest.is_empty() {
        if let Some((payload, after)) = first_frame(rest) {
            contents.payloads.push(payload.to_vec());
            rest = after;
        } else if let Some(skipped) = distance_to_frame(rest) {
            contents.damaged_bytes += skipped as u64;
            rest = &rest[skipped..];
        } else {
            if !is_torn(rest) {
                contents.damaged_bytes += rest.len() as u64;
            }
            break;
        }
    }
    Ok(contents)
}

/// What stands behind the header. A header that is damaged stays in front, to be counted as damage.
fn after_header(bytes: &[u8]) -> Result<&[u8], Newer> {
    if SEGMENT_HEADER.starts_with(bytes) {
        // The header itself is torn, or nothing follows it.
        return Ok(&[]);
    }
    let Some((header, rest)) = bytes.split_first_chunk::<16>() else { return Ok(bytes) };
    if header[..MAGIC_BYTES] != SEGMENT_HEADER[..MAGIC_BYTES] {
        return Ok(bytes);
    }
    match u32::from_le_bytes([header[8], header[9], header[10], header[11]]) {
        VERSION => Ok(rest),
        0 => Ok(bytes),
        newer => Err(Newer(newer)),
    }
}

/// The payload of the frame that these bytes begin with, if it checks, and what follows it.
fn first_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, expected, rest) = frame_header(bytes)?;
    let (payload, after) = rest.split_at_checked(length as usize)?;
    (checksum(length.to_le_bytes(), payload) == expected).then_some((payload, after))
}

/// Length, checksum and what follows, when the magic is right and the length possible.
fn frame_header(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (&[m0, m1, m2, m3, l0, l1, l2, l3, c0, c1, c2, c3], rest) =
        bytes.split_first_chunk::<FRAME_HEADER>()?;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let possible = [m0, m1, m2, m3] == FRAME_MAGIC && (1..=MOST_PAYLOAD).contains(&(length as usize));
    possible.then_some((length, u32::from_le_bytes([c0, c1, c2, c3]), rest))
}

/// How many bytes to pass over until a frame that checks.
fn distance_to_frame(bytes: &[u8]) -> Option<usize> {
    let magics = bytes.windows(FRAME_MAGIC.len()).enumerate().skip(1);
    magics
        .filter(|(_, window)| *window == FRAME_MAGIC)
        .find_map(|(at, _)| first_frame(&bytes[at..]).map(|_| at))
}

/// Whether these last bytes are what a write leaves that did not end: the beginning of a frame, or a hole of
/// zeros. Nobody was told that they are kept. In doubt it is damage, which is set aside and not removed.
fn is_torn(rest: &[u8]) -> bool {
    if rest.iter().all(|byte| *byte == 0) {
        return true;
    }
    if rest.len() < FRAME_HEADER {
        return rest.iter().zip(FRAME_MAGIC).all(|(byte, magic)| *byte == magic);
    }
    // A whole last frame whose length alone was damaged is no torn one.
    frame_header(rest).is_some_and(|(length, expected, payload)| {
        payload.len() < length as usize && checksum((payload.len() as u32).to_le_bytes(), payload) != expected
    })
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = SEGMENT_HEADER.to_vec();
        payloads.iter().for_each(|payload| write(&mut bytes, payload));
        bytes
    }

    #[test]
    fn what_was_written_is_read_in_order() {
        let largest = vec![7; MOST_PAYLOAD];
        let payloads: [&[u8]; 4] = [b"one", b"\0", &largest, b"four"];
        let contents = read(&segment(&payloads)).unwrap();
        assert_eq!(contents.payloads, payloads);
        assert_eq!(contents.damaged_bytes, 0);
    }

    #[test]
    fn a_segment_may_end_anywhere() {
        let whole = segment(&[b"first", b"second", b"third"]);
        let ends = [16 + 17, 16 + 17 + 18, whole.len()];
        for length in 0..=whole.len() {
            let contents = read(&whole[..length]).unwrap();
            assert_eq!(
                contents.payloads.len(),
                ends.iter().filter(|end| **end <= length).count(),
                "{length}"
            );
            assert_eq!(contents.damaged_bytes, 0, "{length}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_a_hole_and_no_damage() {
        let mut bytes = segment(&[b"first"]);
        bytes.extend([0; 5000]);
        assert_eq!(read(&bytes).unwrap(), Contents { payloads: vec![b"first".to_vec()], damaged_bytes: 0 });
        assert_eq!(read(&[0; 4096]), Ok(Contents::default()));
    }

    #[test]
    fn any_flipped_byte_costs_one_payload_at_most_and_is_counted() {
        let whole = segment(&[b"first", b"second", b"third"]);
        for at in 0..whole.len() {
            for flip in 1..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let found = read(&bytes);
                match at {
                    // The version; a damaged one is zero, the others are newer.
                    8..12 if found.is_err() => {}
                    // Reserved: a later version may write here.
                    12..16 => assert_eq!(found.unwrap(), read(&whole).unwrap()),
                    _ => {
                        let found = found.unwrap();
                        assert!(found.damaged_bytes > 0, "{at} {flip}");
                        assert_eq!(found.payloads.len(), if at < 16 { 3 } else { 2 }, "{at} {flip}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_newer_version_is_told() {
        let mut bytes = segment(&[b"first"]);
        bytes[8] = 2;
        assert_eq!(read(&bytes), Err(Newer(2)));
    }
}
