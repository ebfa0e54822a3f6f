//! A sheet for reading a code aloud.

use activation_code::ActivationCode;

/// The rows with every group spelled, and below each row the same in digits.
///
/// At most 80 columns. The lines that begin with `Row` are the code, so the sheet reads as the code too.
pub fn spelling(code: &ActivationCode) -> String {
    let mut text = String::from(
        "To be read aloud: say `Row 1`, then group by group, and wait for the answer\n\
         after each group. A code has no letters I, L, O and U. Where the other side has\n\
         keys for digits only, read the digits instead; they are the same row.\n",
    );
    for ((letters, digits), number) in code.letters().iter().zip(code.digits()).zip(1..) {
        text.push_str(&format!("\nRow {number}) {letters}\n"));
        for group in letters.split('-') {
            let words: Vec<_> = group.chars().filter_map(word).collect();
            text.push_str(&format!("    {group}   {}\n", words.join(" ")));
        }
        text.push_str(&format!("    digits  {digits}\n"));
    }
    text
}

/// The word that a letter or digit is read as, by the spelling alphabet of ICAO Annex 10, volume II, 5.2.1.3.
///
/// Digits are plain words, but for 9: Annex 10 has it spoken `NIN-er`, because on a bad line nine and
/// five sound alike, and to Germans it means no.
fn word(character: char) -> Option<&'static str> {
    Some(match character {
        '0' => "Zero",
        '1' => "One",
        '2' => "Two",
        '3' => "Three",
        '4' => "Four",
        '5' => "Five",
        '6' => "Six",
        '7' => "Seven",
        '8' => "Eight",
        '9' => "Niner",
        'A' => "Alfa",
        'B' => "Bravo",
        'C' => "Charlie",
        'D' => "Delta",
        'E' => "Echo",
        'F' => "Foxtrot",
        'G' => "Golf",
        'H' => "Hotel",
        'J' => "Juliett",
        'K' => "Kilo",
        'M' => "Mike",
        'N' => "November",
        'P' => "Papa",
        'Q' => "Quebec",
        'R' => "Romeo",
        'S' => "Sierra",
        'T' => "Tango",
        'V' => "Victor",
        'W' => "Whiskey",
        'X' => "X-ray",
        'Y' => "Yankee",
        'Z' => "Zulu",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::word;
    use activation_code::ALPHABET;
    use std::collections::BTreeSet;

    #[test]
    fn every_symbol_has_a_word_of_its_own() {
        let words: BTreeSet<_> = ALPHABET.iter().map(|&symbol| word(symbol.into()).unwrap()).collect();
        assert_eq!(words.len(), ALPHABET.len());
    }
}
