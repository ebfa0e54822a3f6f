#![no_main]

use std::{panic, thread};

/// libFuzzer's own hook ends the program at any panic; one of rqrr's is no breach, because
/// `picture::read` answers it.
fn tolerate_the_search() {
    panic::set_hook(Box::new(|panic| {
        if thread::current().name() != Some(activation_host::picture::THREAD) {
            eprintln!("{panic}");
        }
    }));
}

libfuzzer_sys::fuzz_target!(
    init: tolerate_the_search(),
    |data: &[u8]| countersign_fuzz::host::qr_file(data)
);
