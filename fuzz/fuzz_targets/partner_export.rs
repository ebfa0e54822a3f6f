#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| countersign_fuzz::partners::partner_export(data));
