//! What products are called, looked up once for a whole list.

use super::failure::Failure;
use activation_code::ProductId;
use countersign::desk;
use countersign::ledger::{Ledger, Product};
use std::collections::HashMap;

/// The catalogue by product id.
pub struct Catalogue(HashMap<ProductId, Product>);

impl Catalogue {
    pub fn read(ledger: &mut Ledger) -> Result<Self, Failure> {
        Ok(Self(desk::products(ledger)?.into_iter().map(|product| (product.id, product)).collect()))
    }

    /// A product's short name; its number if nobody knows it any more.
    pub fn mnemonic(&self, id: ProductId) -> String {
        self.0.get(&id).map_or_else(|| id.to_string(), |product| product.mnemonic.to_string())
    }

    /// What of it is counted.
    pub fn unit(&self, id: ProductId) -> &'static str {
        self.0.get(&id).map_or("units", |product| product.unit.name())
    }
}
