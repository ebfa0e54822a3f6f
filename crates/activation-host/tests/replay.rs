//! Every input that fuzzing has saved keeps the law that it was saved for.

#[path = "common/laws.rs"]
mod laws;
#[path = "../../../fuzz/saved.rs"]
mod saved;
#[path = "common/sold.rs"]
mod sold;

#[test]
fn every_saved_input_keeps_its_law() {
    for (name, law) in laws::LAWS {
        saved::replay(name, law);
    }
}
