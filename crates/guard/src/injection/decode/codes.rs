//! Texts in a code of a program: base64 and its relatives, hexadecimal, escapes, numbers of characters.

/// Longest piece that is decoded; more than that is no hidden sentence.
const LONGEST: usize = 8_192;
/// So much of a text is decoded in each code, in bytes.
const MOST: usize = 200_000;

/// What a text is in each code that is found in it, by the name of the code.
pub(super) fn layers(text: &str) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut add = |code: &'static str, decoded: Option<String>| {
        let Some(decoded) = decoded else { return };
        match found.iter_mut().find(|(known, _)| *known == code) {
            Some((_, all)) if all.len() + decoded.len() < MOST => {
                all.push('\n');
                all.push_str(&decoded);
            }
            Some(_) => (),
            None => found.push((code, decoded)),
        }
    };
    let in_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
    for piece in text.split(|c: char| !in_code(c)) {
        if !(16..=LONGEST).contains(&piece.len()) {
            continue;
        }
        match base64(piece) {
            Some(decoded) => add("base64", Some(decoded)),
            // An address or a list of several.
            None => piece
                .split(['/', '=', '-', '_'])
                .filter(|part| part.len() >= 16 && part.len() < piece.len())
                .for_each(|part| add("base64", base64(part))),
        }
        add("hex", hex(piece));
        add("base32", base32(piece));
    }
    add("base64", spaced_base64(text));
    add("numbers", numbers(text));
    add("percent", text.contains('%').then(|| percent(text)).flatten());
    add("escapes", escapes(text));
    found
}

/// Bytes that are a text, or another code: letters, or plain signs without a control character.
fn legible(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let count = text.chars().count();
    if count < 8 || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return None;
    }
    let good = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    (text.is_ascii() || good * 10 >= count * 8).then_some(text)
}

/// Both alphabets of RFC 4648, padding optional.
fn base64(piece: &str) -> Option<String> {
    legible(base64_bytes(piece.trim_end_matches('='))?)
}

fn base64_bytes(piece: &str) -> Option<Vec<u8>> {
    let value = |b: u8| {
        Some(match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        })
    };
    unpacked(piece, 6, value)
}

/// The alphabet of RFC 4648, in either case.
fn base32(piece: &str) -> Option<String> {
    let value = |b: u8| {
        Some(match b.to_ascii_uppercase() {
            b @ b'A'..=b'Z' => b - b'A',
            b @ b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        })
    };
    let one_case =
        !piece.bytes().any(|b| b.is_ascii_lowercase()) || !piece.bytes().any(|b| b.is_ascii_uppercase());
    one_case.then(|| legible(unpacked(piece.trim_end_matches('='), 5, value)?)).flatten()
}

/// Bytes of signs that hold so many bits each.
fn unpacked(piece: &str, of_each: u32, value: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(piece.len());
    let (mut buffer, mut bits) = (0u32, 0);
    for b in piece.bytes() {
        buffer = (buffer << of_each) | u32::from(value(b)?);
        bits += of_each;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).unwrap_or(0));
        }
    }
    Some(bytes)
}

fn hex(piece: &str) -> Option<String> {
    let piece = piece.strip_prefix("0x").unwrap_or(piece);
    if !piece.len().is_multiple_of(2) || !piece.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    legible(
        (0..piece.len()).step_by(2).filter_map(|i| u8::from_str_radix(&piece[i..i + 2], 16).ok()).collect(),
    )
}

/// "aWdu b3Jl IGFs": base64 with white space in it, in one code or each piece in its own.
fn spaced_base64(text: &str) -> Option<String> {
    let signs =
        |c: char| matches!(c, '"' | '\'' | '`' | ',' | '.' | ';' | ':' | '(' | ')' | '[' | ']' | '>' | '|');
    let tokens: Vec<&str> = text.split_whitespace().map(|token| token.trim_matches(signs)).collect();
    let in_code = |token: &&str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
    };
    let mut found = Vec::new();
    for run in tokens.chunk_by(|a, b| in_code(a) && in_code(b)) {
        let single = run.iter().filter(|token| token.len() == 1).count() * 2 > run.len();
        let odd = |token: &&str| single || is_odd(token);
        if run.len() < 3 || run.iter().filter(|token| odd(token)).count() < 3 {
            continue;
        }
        let (Some(first), Some(last)) = (run.iter().position(odd), run.iter().rposition(odd)) else {
            continue;
        };
        let run = &run[first..=last];
        let mut joined: String = run.concat();
        joined.retain(|c| c != '=');
        joined.truncate(LONGEST);
        let whole = (0..4)
            .filter_map(|skip| joined.get(skip..).and_then(base64_bytes))
            .map(|bytes| stretches(&bytes))
            .max_by_key(String::len)
            .unwrap_or_default();
        let each = run.iter().take(LONGEST / 4).map(|token| {
            let plain = |bytes: &Vec<u8>| bytes.iter().all(|b| (0x20..0x7f).contains(b));
            base64_bytes(token.trim_end_matches('=')).filter(plain)
        });
        let each = each.collect::<Option<Vec<_>>>().and_then(|all| String::from_utf8(all.join(&b' ')).ok());
        // In one code where most of it can be read so.
        let best = each.filter(|_| whole.len() * 2 < joined.len()).unwrap_or(whole);
        found.extend((best.len() >= 8).then_some(best));
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

/// No word that somebody writes: capitals behind small letters, digits among letters, padding.
fn is_odd(token: &str) -> bool {
    let bytes = token.as_bytes();
    let behind = bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let small = bytes.iter().any(u8::is_ascii_lowercase);
    let capitals = bytes.iter().filter(|b| b.is_ascii_uppercase()).count();
    let mixed = bytes.iter().any(u8::is_ascii_digit) && bytes.iter().any(u8::is_ascii_alphabetic);
    token.len() >= 2 && (behind || mixed || small && capitals >= 2 || token.ends_with('='))
}

/// The stretches of plain text in bytes of which some are not.
fn stretches(bytes: &[u8]) -> String {
    let plain = |b: &u8| (0x20..0x7f).contains(b);
    let mut text = String::new();
    for run in bytes.chunk_by(|a, b| plain(a) == plain(b)) {
        let letters = run.iter().filter(|b| b.is_ascii_alphabetic() || **b == b' ').count();
        if run.len() >= 8 && run.iter().all(plain) && letters * 10 >= run.len() * 7 {
            text.extend(run.iter().map(|b| char::from(*b)));
            text.push(' ');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Characters by their numbers, eight or more in a row: "69 67 6e", "0x69,0x67", "105 103 110", "01101001".
fn numbers(text: &str) -> Option<String> {
    type Scheme = fn(&str) -> Option<u8>;
    let schemes: [Scheme; 3] = [
        |token| {
            let digits = token.strip_prefix("0x").or(token.strip_prefix("0X")).unwrap_or(token);
            (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
        },
        |token| {
            let fits = (2..=3).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
            fits.then(|| token.parse().ok()).flatten().filter(|b| (32..127).contains(b))
        },
        |token| (7..=8).contains(&token.len()).then(|| u8::from_str_radix(token, 2).ok()).flatten(),
    ];
    let mut found = Vec::new();
    for scheme in schemes {
        let mut run: Vec<u8> = Vec::new();
        let tokens = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|token| !token.is_empty());
        for byte in tokens.map(scheme).chain([None]) {
            match byte {
                Some(byte) if run.len() < MOST => run.push(byte),
                _ if run.len() >= 8 => found.extend(legible(std::mem::take(&mut run))),
                _ => run.clear(),
            }
        }
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

fn percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut found = 0;
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = code.and_then(|c| u8::from_str_radix(c, 16).ok()) {
            out.push(byte);
            found += 1;
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    (found >= 3).then(|| String::from_utf8_lossy(&out).into_owned())
}

/// Escapes of programs and pages: `\x69`, `\u0069`, `\u{69}`, `\151`, `&#105;`, `&#x69;`, `&lt;`.
fn escapes(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut found = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (c, length) = escape(rest).inspect(|_| found += 1).unwrap_or((rest.chars().next()?, 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
    (found > 0).then_some(out)
}

/// The character that an escape at the beginning of a text stands for, and how long the escape is.
fn escape(text: &str) -> Option<(char, usize)> {
    const NAMES: &[(&str, char)] =
        &[("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\''), ("&nbsp;", ' ')];
    if let Some((name, c)) = NAMES.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*c, name.len()));
    }
    // Behind which sign, how many digits at most and at least, of which base, and what ends them.
    const NUMBERS: &[(&str, usize, usize, u32, &str)] = &[
        ("\\u{", 6, 1, 16, "}"),
        ("\\x", 2, 2, 16, ""),
        ("\\u", 4, 4, 16, ""),
        ("\\U", 8, 8, 16, ""),
        ("&#x", 6, 1, 16, ";"),
        ("&#X", 6, 1, 16, ";"),
        ("&#", 7, 1, 10, ";"),
        ("\\", 3, 3, 8, ""),
    ];
    NUMBERS.iter().find_map(|(sign, most, least, base, end)| {
        let digits = text.strip_prefix(sign)?;
        let length = digits.chars().take(*most).take_while(|c| c.is_digit(*base)).count();
        let c = char::from_u32(u32::from_str_radix(digits.get(..length)?, *base).ok()?)?;
        let ended = if digits[length..].starts_with(end) { end.len() } else { 0 };
        (length >= *least).then_some((c, sign.len() + length + ended))
    })
}
