//! The fonts that are part of the program. Where they are from and under which licenses: `../fonts/README.md`.

/// The family of running text.
pub const SANS: &str = "Noto Sans";

/// The family of codes: its zero is slashed, and its I, l and 1 differ.
pub const MONO: &str = "Noto Sans Mono";

/// The families in which a character is looked for, in this order.
pub const FAMILIES: [&str; 10] = [
    SANS,
    "Noto Sans Hebrew",
    "Noto Sans Arabic",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
    // Chinese and Japanese in one file of 4 MB, and Korean; after all others, because their Latin is not of one piece.
    "Droid Sans Fallback",
    "NanumGothicCoding",
    MONO,
];

/// The files.
pub const FILES: [&[u8]; 14] = [
    include_bytes!("../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../fonts/NotoSans-Italic.ttf"),
    include_bytes!("../fonts/NotoSansMono-Regular.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Bold.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Bold.ttf"),
    include_bytes!("../fonts/NotoSansThai-Regular.ttf"),
    include_bytes!("../fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../fonts/NotoSansGeorgian-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArmenian-Regular.ttf"),
    include_bytes!("../fonts/DroidSansFallbackFull.ttf"),
    include_bytes!("../fonts/NanumGothicCoding.ttf"),
];
