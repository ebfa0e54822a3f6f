//! Documents as they are printed, sent and read.

#[path = "documents/sample.rs"]
mod sample;

#[path = "common/tools.rs"]
mod tools;

#[path = "documents/browser.rs"]
mod browser;

#[path = "documents/pdf.rs"]
mod pdf;

#[path = "documents/branding.rs"]
mod branding;

#[path = "documents/html.rs"]
mod html;
