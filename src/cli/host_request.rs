//! A host's request as somebody typed it.

use super::Context;
use super::failure::Failure;
use super::typed_row::Wanted;
use activation_code::{CodeKind, HostCodeFault, HostRequest};
use countersign::desk::Asking;

const REQUEST: Wanted = Wanted {
    kind: CodeKind::HostRequest,
    what: "request of a host",
    question: "Does the host show",
    compare: "give the row as `activation request` prints it on the host, five groups of five letters",
};

/// What the host asks for that shows this row; `-`: the one that standard input has.
pub fn read(context: &Context, text: &str) -> Result<Asking, Failure> {
    // Nobody here knows the hosts: the likeliest repair is asked for.
    let letters = REQUEST.read(context, text, |_| Ok(true))?;
    HostRequest::read(&letters).map(Asking::from).map_err(|fault| match fault {
        HostCodeFault::Newer { .. } => {
            REQUEST.none(&fault).hint("use the release of countersign that belongs to the host's, or a later one")
        }
        _ => REQUEST.none(&fault),
    })
}
