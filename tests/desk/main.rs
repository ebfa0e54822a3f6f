//! The license desk as a program and as a library, when things go well and when they do not.

#[path = "../common/mod.rs"]
mod common;

mod batch;
mod crashes;
mod faults;
mod host;
mod json;
mod keys;
mod places;
mod quickstart;
mod schema;
mod terminal;
mod together;
