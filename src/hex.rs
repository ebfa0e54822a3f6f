//! Bytes in lower-case hexadecimal digits: the only way in which the book, and files between desks, write them.

use std::fmt;

/// Bytes as they are written.
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// So many bytes.
pub(crate) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, read) in bytes.iter_mut().zip(each(text)?) {
        *byte = read?;
    }
    Some(bytes)
}

/// As many bytes as there are.
pub(crate) fn any_bytes(text: &str) -> Option<Vec<u8>> {
    each(text)?.collect()
}

fn each(text: &str) -> Option<impl Iterator<Item = Option<u8>>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    rest.is_empty().then(|| pairs.iter().map(move |[high, low]| Some(value(*high)? << 4 | value(*low)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let all: [u8; 256] = std::array::from_fn(|i| i as u8);
        let text = Hex(&all).to_string();
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"));
        assert_eq!(bytes(&text), Some(all));
        assert_eq!(any_bytes(&text).as_deref(), Some(&all[..]));
        assert_eq!((bytes(""), any_bytes("")), (Some([]), Some(Vec::new())));
        assert_eq!((bytes::<2>("0a1b2c"), bytes::<4>("0a1b2c")), (None, None));
        for wrong in ["0", "0a1", "0A", "0g", "g0", "/0", ":0", "`0", " 0", "+1"] {
            assert_eq!((any_bytes(wrong), bytes::<1>(wrong)), (None, None), "{wrong}");
        }
    }
}
