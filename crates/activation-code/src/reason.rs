//! The closed list of reasons: every refusal is one of them.

use core::fmt;

/// Whether a code could not be read, or was read and refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonClass {
    /// Could not tell: what was typed is not readable as a code.
    NotReadable,
    /// Understood, and the answer is no.
    Refused,
}

macro_rules! reasons {
    ($($class:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* })*) => {
        /// Why a code is not accepted. In the order of the list: the first that applies counts.
        ///
        /// Names are added, never changed or reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($($(#[$doc])* $variant,)*)*
        }

        impl Reason {
            /// Every reason, in the order of the list.
            pub const ALL: &[Self] = &[$($(Self::$variant,)*)*];

            /// Its name, for programs.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$variant => $name,)*)*
                }
            }

            /// Whether it means that the code could not be read.
            pub const fn class(self) -> ReasonClass {
                match self {
                    $($(Self::$variant)|* => ReasonClass::$class,)*
                }
            }
        }
    };
}

reasons! {
    NotReadable {
        /// No character that could belong to a code.
        Empty = "empty",
        /// More text than a code and its mail can have.
        TooLong = "too-long",
        /// A character that cannot be read.
        UnknownCharacter = "unknown-character",
        /// A row has too few or too many characters.
        RowLength = "row-length",
        /// A row has a wrong character.
        RowCheck = "row-check",
        /// A row has the right characters in the wrong order.
        CharactersSwapped = "characters-swapped",
        /// A row stands in another place than its own.
        WrongRow = "wrong-row",
        /// A row between others is missing.
        MissingRow = "missing-row",
        /// A group of a row is missing.
        MissingGroup = "missing-group",
        /// The code goes on after the last row typed.
        LastRowMissing = "last-row-missing",
        /// These are rows of something else, such as a registration key.
        OtherKind = "other-kind",
        /// Every row is right, and together they are no code.
        RowsFromDifferentCodes = "rows-from-different-codes",
    }
    Refused {
        /// Not what any terms are written as.
        NotCanonical = "not-canonical",
        /// Made for a newer release.
        NewerFormat = "newer-format",
        /// The installation does not know the issuer.
        UnknownIssuer = "unknown-issuer",
        /// Not signed by the issuer that it names.
        BadSignature = "bad-signature",
        /// A code for testing, in production.
        ForTestingOnly = "for-testing-only",
        /// The issuer's key is void.
        IssuerVoid = "issuer-void",
        /// The license desk has revoked it.
        Revoked = "revoked",
        /// Outside what its issuer may issue.
        LimitExceeded = "limit-exceeded",
        /// A newer code of the same license is in force.
        Superseded = "superseded",
        /// For another product.
        OtherProduct = "other-product",
        /// Bound to another host.
        OtherHost = "other-host",
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
