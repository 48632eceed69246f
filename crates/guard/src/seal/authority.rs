//! MACs over rows from which authority is read: who can write to the database and has no key can make, change or move
//! none of them (A1, A8).

use hmac::Mac;

use super::Sealer;

/// What is signed is told apart from what later versions may sign in another form.
const FORM: &[u8] = b"contactiq row 1\0";

/// A value of a row, as its column holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL, which is no empty text.
    Missing,
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
}

impl Sealer {
    /// HMAC-SHA-256 of a table's row: of these values, in this order. Each has its kind and its length before it, so that
    /// no two rows are one text.
    #[must_use]
    pub fn mac_of_row(&self, table: &str, cells: &[Cell]) -> [u8; 32] {
        self.row(table, cells).finalize().into_bytes().into()
    }

    /// Whether it is that of these values. It takes a time that tells nothing.
    #[must_use]
    pub fn is_mac_of_row(&self, table: &str, cells: &[Cell], mac: &[u8]) -> bool {
        self.row(table, cells).verify_slice(mac).is_ok()
    }

    fn row(&self, table: &str, cells: &[Cell]) -> hmac::Hmac<sha2::Sha256> {
        let mut mac = self.rows.clone();
        mac.update(FORM);
        mac.update(&length(table.as_bytes()));
        mac.update(table.as_bytes());
        mac.update(&(cells.len() as u64).to_be_bytes());
        for cell in cells {
            match cell {
                Cell::Missing => mac.update(&[0]),
                Cell::Text(text) => {
                    mac.update(&[1]);
                    mac.update(&length(text.as_bytes()));
                    mac.update(text.as_bytes());
                }
                Cell::Int(number) => {
                    mac.update(&[2]);
                    mac.update(&number.to_be_bytes());
                }
            }
        }
        mac
    }
}

fn length(bytes: &[u8]) -> [u8; 8] {
    (bytes.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn no_two_rows_have_one_mac() {
        let sealer = Sealer::new(&[1; 32], || [0; 12]);
        let rows = [
            ("keys", vec![text("ab"), text("c")]),
            ("keys", vec![text("a"), text("bc")]),
            ("keys", vec![text("abc")]),
            ("keys", vec![text("abc"), Cell::Missing]),
            ("keys", vec![text("abc"), text("")]),
            ("keys", vec![text("abc"), Cell::Int(0)]),
            ("keys", vec![Cell::Missing, text("abc")]),
            ("keysa", vec![text("bc")]),
            ("keys", vec![]),
        ];
        for (at, (table, cells)) in rows.iter().enumerate() {
            let mac = sealer.mac_of_row(table, cells);
            for (other_at, (table, cells)) in rows.iter().enumerate() {
                assert_eq!(sealer.is_mac_of_row(table, cells, &mac), at == other_at, "{at} {other_at}");
            }
        }
    }

    #[test]
    fn another_installation_has_other_macs_and_a_short_one_is_none() {
        let (one, other) = (Sealer::new(&[1; 32], || [0; 12]), Sealer::new(&[2; 32], || [0; 12]));
        let cells = [text("admin"), Cell::Int(7)];
        let mac = one.mac_of_row("keys", &cells);
        assert!(one.is_mac_of_row("keys", &cells, &mac));
        assert!(!other.is_mac_of_row("keys", &cells, &mac));
        assert!(!one.is_mac_of_row("keys", &cells, &mac[..16]) && !one.is_mac_of_row("keys", &cells, &[]));
        // What passes through is sealed with another key: the root alone decides.
        let rotated = Sealer::of(&[1; 32], &[9; 32], std::sync::Arc::new(|| [0; 12]));
        assert!(rotated.is_mac_of_row("keys", &cells, &mac));
    }
}
