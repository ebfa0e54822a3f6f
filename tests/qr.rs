//! A code in every form that the desk shows it in, read back by others.

#[path = "../crates/activation-host/tests/common/photo.rs"]
mod photo;

use activation_code::{
    ActivationCode, Day, Holder, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, ProductId, Revision, Terms,
    Units,
};
use activation_host::picture;
use countersign::documents::{QrSymbol, Surface};
use photo::Photo;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A desk with one license, made once for all tests.
static DESK: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let made = countersign(folder.path(), &["quickstart"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
});

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).env_remove("COUNTERSIGN_DESK").args(arguments);
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// What `show 1` prints with more arguments.
fn shown(arguments: &[&str]) -> String {
    let output = countersign(DESK.path(), &[&["show", "1"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn code() -> ActivationCode {
    ActivationCode::read(&shown(&[])).unwrap()
}

/// A file that `show 1` writes, by the name that it shall have.
fn written(name: &str, form: &str) -> PathBuf {
    let path = DESK.path().join(name);
    shown(&["--as", form, "--output", path.to_str().unwrap()]);
    path
}

/// The text that zbar finds in a picture; `None` where zbar is not installed.
fn read_by_zbar(picture: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture");
    fs::write(&path, picture).unwrap();
    match Command::new("zbarimg").args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(&path).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned()),
        Err(error) => {
            assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none(), "zbarimg: {error}");
            eprintln!("SKIPPED: zbarimg is not installed (Debian: zbar-tools)");
            None
        }
    }
}

#[test]
fn what_the_desk_draws_two_decoders_read_at_three_sizes_turned_blurred_and_as_jpeg() {
    let transport = code().transport();
    let drawn = Photo::from_png(&fs::read(written("photographed.png", "qr")).unwrap());
    assert_eq!(drawn.width, 490);
    let mut pictures = Vec::new();
    for size in [0.4, 1.0, 2.3] {
        let sized = drawn.resized(size);
        for degrees in [0.0, 90.0, 180.0, 7.0] {
            pictures.push((format!("{size}, {degrees} degrees"), sized.rotated(degrees)));
        }
        // A module is 10 pixels wide here; the blur's standard deviation is a quarter of that.
        let blurred = drawn.blurred(2);
        pictures.push((format!("{size}, blurred"), blurred.resized(size)));
        pictures.push((format!("{size}, turned and blurred"), blurred.rotated(7.0).resized(size)));
    }
    for (what, photo) in pictures {
        for (file, format) in [(photo.png(), "PNG"), (photo.jpeg(60), "JPEG")] {
            assert_eq!(picture::read(file.clone()).as_ref(), Ok(&transport), "{what}, {format}");
            if let Some(text) = read_by_zbar(&file) {
                assert_eq!(text, transport, "zbar: {what}, {format}");
            }
        }
    }
}

/// Room for characters in alphanumeric mode at level M, by version from 1 (ISO/IEC 18004, table 7).
const ROOM: [usize; 12] = [20, 38, 61, 90, 122, 154, 178, 221, 262, 311, 366, 419];

#[test]
fn a_symbol_is_alphanumeric_at_level_m_and_of_the_smallest_version() {
    let mut versions = BTreeMap::new();
    for bytes in 0..=Holder::LONGEST {
        let code = of_length(bytes);
        let transport = code.transport();
        let symbol = QrSymbol::of(&code);
        // In any other mode the text would need a larger one.
        let smallest = ROOM.iter().position(|&room| room >= transport.len()).unwrap() + 1;
        assert_eq!(usize::from(symbol.version()), smallest, "{} characters", transport.len());
        let png = symbol.png();
        assert_eq!(Photo::from_png(&png).width, (17 + 4 * smallest + 8) * 10);
        assert_eq!(picture::read(png), Ok(transport.clone()));
        versions.insert(transport.len(), symbol.version());
    }
    assert_eq!(versions.first_key_value(), Some((&153, &6)));
}

/// Not signed by anybody; with a holder's name of so many bytes.
fn of_length(holder: usize) -> ActivationCode {
    let day = |days| Day::from_days_since_2020(days).unwrap();
    let terms = Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new(day(2526), day(2890)).unwrap(),
        issued: day(2517),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: (holder > 0).then(|| Holder::new(&"x".repeat(holder)).unwrap()),
    };
    let signature = std::array::from_fn(|i| (i * 73 + 5) as u8);
    ActivationCode::from_parts(&terms.to_payload().unwrap(), &signature).unwrap()
}

/// Modules with the quiet zone, dark or light, from the PNG that two decoders read.
fn modules() -> Vec<Vec<bool>> {
    let drawn = Photo::from_png(&QrSymbol::of(&code()).png());
    drawn.pixels.chunks(drawn.width * 10).map(|row| (0..drawn.width / 10).map(|x| row[x * 10] == 0).collect()).collect()
}

#[test]
fn there_are_four_light_modules_on_every_side() {
    let modules = modules();
    let side = modules.len();
    assert_eq!(side, 49);
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        let inside = (4..side - 4).contains(&y) && (4..side - 4).contains(&x);
        assert!(inside || !modules[y][x]);
    }
    // Three corners.
    assert!(modules[4][4] && modules[4][side - 5] && modules[side - 5][4]);
}

#[test]
fn the_svg_is_the_png() {
    let svg = fs::read_to_string(written("drawing.svg", "qr")).unwrap();
    assert!(svg.starts_with(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"41.5mm\" height=\"41.5mm\" viewBox=\"0 0 49 49\""
    ));
    let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut drawn = vec![vec![false; 49]; 49];
    for run in path.split('M').skip(1) {
        let (place, rest) = run.split_once('h').unwrap();
        let (x, y) = place.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
        assert_eq!(rest, format!("{length}v1h-{length}z"));
        drawn[y][x..x + length].fill(true);
    }
    assert_eq!(drawn, modules());
}

#[test]
fn the_symbol_in_half_blocks_is_the_png() {
    let symbol = QrSymbol::of(&code());
    let paper = symbol.text(Surface::Paper);
    let colours = symbol.text(Surface::Colours);
    assert!(shown(&["--as", "qr"]).ends_with(&paper));
    assert_eq!(half_blocks(paper.lines()), modules());
    let coloured = colours
        .lines()
        .map(|line| line.strip_prefix("\x1b[38;5;16;48;5;231m").and_then(|line| line.strip_suffix("\x1b[0m")).unwrap());
    assert!(coloured.clone().all(|line| line.chars().count() == 49), "the paper goes to the edge");
    assert_eq!(half_blocks(coloured), modules());
}

fn half_blocks<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Vec<bool>> {
    let mut modules = Vec::new();
    for line in lines {
        let mut row: Vec<char> = line.chars().collect();
        row.resize(49, ' ');
        modules.push(row.iter().map(|block| matches!(block, '█' | '▀')).collect());
        modules.push(row.iter().map(|block| matches!(block, '█' | '▄')).collect());
    }
    assert_eq!(modules.pop(), Some(vec![false; 49]));
    modules
}

#[test]
fn rows_in_digits_are_the_code_and_are_labelled() {
    let text = shown(&["--as", "digits"]);
    assert_eq!(ActivationCode::read(&text), Ok(code()));
    let row = text.lines().find(|line| line.starts_with("Row 6) ")).unwrap();
    assert_eq!(row.len(), 54);
    assert!(row[7..].split(' ').all(|group| group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit())));
}

#[test]
fn a_license_file_is_read_and_its_remarks_are_not() {
    let file = fs::read_to_string(written("license.lic", "file")).unwrap();
    assert_eq!(file, shown(&["--as", "file"]));
    assert_eq!(ActivationCode::read(&file), Ok(code()));
    let (remarks, rows) = file.split_once("\n\n").unwrap();
    assert!(remarks.lines().all(|line| line.starts_with('#')), "{remarks}");
    for fact in ["not trusted", "Example Security", "250 endpoints", "Example Hospital Trust", "license      1,"] {
        assert!(remarks.contains(fact), "{fact}");
    }
    assert!(rows.lines().zip(1..).all(|(row, number)| row.starts_with(&format!("Row {number}) "))));
    let changed = file.replace("250", "999999").replace("Example", "Row 1) 00000-00000-00000-00000-00000");
    assert_eq!(ActivationCode::read(&changed), Ok(code()));
}

#[test]
fn a_license_file_goes_through_activation_inspect() {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("activation");
    if !program.exists() {
        assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none(), "{}", program.display());
        eprintln!("SKIPPED: {} is not built (cargo build --workspace)", program.display());
        return;
    }
    let issuer = String::from_utf8(countersign(DESK.path(), &["issuer"]).stdout).unwrap();
    for path in [written("inspected.lic", "file"), written("inspected.png", "qr")] {
        let output = Command::new(&program).args(["inspect", "--issuer", issuer.trim()]).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn no_name_can_end_its_remark() {
    let names = ["\r", "\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{B}", "\u{C}", "\u{1C}"];
    for end in names {
        let name = format!("Example{end}1) 00000-00000-00000-00000-00000");
        let added = countersign(DESK.path(), &["customer", "add", &name]);
        assert_ne!(added.status.code(), Some(0), "{name:?}");
    }
}

/// The spelling alphabet of ICAO Annex 10, and its digits.
const WORDS: &str = "Zero One Two Three Four Five Six Seven Eight Niner Alfa Bravo Charlie Delta Echo Foxtrot Golf \
    Hotel Juliett Kilo Mike November Papa Quebec Romeo Sierra Tango Victor Whiskey X-ray Yankee Zulu";

#[test]
fn a_sheet_read_aloud_is_the_code_and_fits_80_columns() {
    let sheet = shown(&["--as", "spelling"]);
    assert!(sheet.lines().all(|line| line.chars().count() <= 80), "{sheet}");
    let words: BTreeMap<&str, char> =
        WORDS.split_whitespace().zip("0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars()).collect();
    let mut heard = String::new();
    let mut digits = String::new();
    for line in sheet.lines() {
        if let Some(row) = line.strip_prefix("    digits  ") {
            digits.push_str(&format!("{row}\n"));
        } else if let Some((group, spelled)) = line.strip_prefix("    ").and_then(|line| line.split_once("   ")) {
            let spoken: String = spelled.split(' ').map(|word| words[word]).collect();
            assert_eq!(spoken, group);
            heard.push_str(&spoken);
        } else if line.starts_with("Row ") {
            heard.push('\n');
        }
    }
    for text in [heard, digits, sheet] {
        assert_eq!(ActivationCode::read(&text), Ok(code()), "{text}");
    }
}

#[test]
fn a_file_that_is_there_is_refused_and_stays_as_it_was() {
    let path = DESK.path().join("precious.png");
    fs::write(&path, "precious").unwrap();
    let refused = countersign(DESK.path(), &["show", "1", "--as", "qr", "--output", "precious.png"]);
    assert_eq!(refused.status.code(), Some(1));
    let complaint = String::from_utf8(refused.stderr).unwrap();
    assert!(
        complaint.contains("precious.png: something is there already, and it is not touched\nhint: "),
        "{complaint}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn json_is_the_same_in_every_form() {
    let json = shown(&["--json"]);
    for form in ["digits", "qr", "file", "spelling"] {
        assert_eq!(shown(&["--json", "--as", form]), json);
    }
    let path = DESK.path().join("with-json.svg");
    assert_eq!(shown(&["--json", "--as", "qr", "--output", path.to_str().unwrap()]), json);
    assert!(path.exists());
}
