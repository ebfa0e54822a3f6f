//! The license desk as a program and as a library, when things go well and when they do not.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../fuzz/saved.rs"]
mod saved;

mod accounts;
mod approval;
mod batch;
mod book;
mod bundles;
mod catalogue;
mod changes;
mod clock;
mod copies;
mod crashes;
mod faults;
mod host;
mod host_requests;
mod jobs;
mod json;
mod key_life;
mod keys;
mod life;
mod meanwhile;
mod memory;
mod migration;
mod notices;
mod operators;
mod paper;
mod partner_desks;
mod partners;
mod places;
mod purge;
mod questions;
mod quickstart;
mod reading_in;
mod refusals;
mod registration;
mod restores;
mod roles;
mod schema;
mod terminal;
mod together;
mod usage;
