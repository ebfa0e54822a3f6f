//! The two texts that a partner's desk writes for its vendor: a request to be certified, and what it has issued
//! (`docs/partners.md` has both formats). Each is signed by the partner's ledger key.

mod export;
mod lines;
mod request;

pub use export::{EXPORT_CONTEXT, Exported, ExportedCode, MAX_EXPORT, PartnerExport};
pub use lines::PartnerFileFault;
pub use request::{MAX_REQUEST, PartnerRequest, REQUEST_CONTEXT};
