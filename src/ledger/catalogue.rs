//! Products, issuing keys, limits.

use super::chain::Table;
use super::{Book, LedgerFault, Limits, Mnemonic, Outcome, Product, ProductKind, UnitType, statements};
use activation_code::{Day, IssuerNumber, PinnedIssuer, ProductId, PublicKey};
use rusqlite::Row;
use rusqlite::types::Value;

impl Book<'_> {
    /// Records an issuing key.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_issuer(&self, issuer: PinnedIssuer, created: Day) -> Outcome<()> {
        let number = issuer.number.get();
        self.put(
            Table::Issuer,
            &number.to_string(),
            statements::PUT_ISSUER,
            [
                number.into(),
                issuer.key.to_string().into(),
                created.to_string().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The issuing keys, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn issuers(&self) -> Outcome<Vec<PinnedIssuer>> {
        Ok(self.issuers_with_days()?.into_iter().map(|(issuer, _)| issuer).collect())
    }

    /// The issuing keys, by number, each with the day when it became known.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn issuers_with_days(&self) -> Outcome<Vec<(PinnedIssuer, Day)>> {
        self.rows(statements::ISSUERS, [], |row| {
            let key = row.get::<_, String>(1)?.parse::<PublicKey>();
            match (IssuerNumber::new(row.get(0)?), key, row.get::<_, String>(2)?.parse()) {
                (Some(number), Ok(key), Ok(created)) => Ok((PinnedIssuer { number, key }, created)),
                _ => Err(LedgerFault::Record { what: "an issuing key" }),
            }
        })
    }

    /// Records a key that signs checkpoints.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_ledger_key(&self, key: &PublicKey, created: Day) -> Outcome<()> {
        let text = key.to_string();
        let columns = [text.clone().into(), created.to_string().into(), Value::Integer(self.next_event()? as i64)];
        self.put(Table::LedgerKey, &text, statements::INSERT_LEDGER_KEY, columns)
    }

    /// The keys that sign checkpoints, the newest last.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn ledger_keys(&self) -> Outcome<Vec<PublicKey>> {
        self.rows(statements::LEDGER_KEYS, [], |row| {
            row.get::<_, String>(0)?.parse().map_err(|_| LedgerFault::Record { what: "a ledger key" })
        })
    }

    /// Records a product, or what it is from now on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_product(&self, product: &Product) -> Outcome<()> {
        let text = |text: &dyn ToString| Value::Text(text.to_string());
        let day = |day: Option<Day>| day.map_or(Value::Null, |day| Value::Text(day.to_string()));
        let members: Vec<_> = product.members.iter().map(ToString::to_string).collect();
        self.put(
            Table::Product,
            &product.id.to_string(),
            statements::PUT_PRODUCT,
            [
                product.id.get().into(),
                text(&product.mnemonic),
                text(&product.name),
                text(&product.unit.name()),
                text(&product.kind.name()),
                members.join(",").into(),
                product.family.as_ref().map_or(Value::Null, |family| text(family)),
                product.rank.into(),
                product.platform.as_ref().map_or(Value::Null, |platform| text(platform)),
                product.auto_enabled.into(),
                day(product.end_of_sale),
                day(product.end_of_life),
                product.use_ends.into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The catalogue, by product id.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn products(&self) -> Outcome<Vec<Product>> {
        self.rows(statements::PRODUCTS, [], product)
    }

    /// The product with this id.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn product(&self, id: ProductId) -> Outcome<Option<Product>> {
        self.row(statements::PRODUCT, [id.get()], product)
    }

    /// The product with this mnemonic.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn product_called(&self, mnemonic: &Mnemonic) -> Outcome<Option<Product>> {
        self.row(statements::PRODUCT_CALLED, [mnemonic.as_str()], product)
    }

    /// Records what the administrator allows.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_limits(&self, limits: &Limits) -> Outcome<()> {
        let number = |number: Option<u32>| number.map_or(Value::Null, Value::from);
        self.put(
            Table::Limits,
            "1",
            statements::PUT_LIMITS,
            [
                1.into(),
                number(limits.most_units),
                number(limits.longest_days),
                number(limits.back_dating_days),
                number(limits.approval_above),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// What the administrator allows.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn limits(&self) -> Outcome<Limits> {
        let limits = self.row(statements::LIMITS, [1], |row| {
            Ok(Limits {
                most_units: row.get(1)?,
                longest_days: row.get(2)?,
                back_dating_days: row.get(3)?,
                approval_above: row.get(4)?,
            })
        })?;
        Ok(limits.unwrap_or_default())
    }
}

fn product(row: &Row<'_>) -> Outcome<Product> {
    let damaged = || LedgerFault::Record { what: "a product" };
    let members: String = row.get(5)?;
    let members = members.split_terminator(',').map(|member| member.parse().map_err(|_| damaged()));
    let day = |column| {
        let text: Option<String> = row.get(column)?;
        text.map(|text| text.parse::<Day>().map_err(|_| damaged())).transpose()
    };
    let name = |column| {
        let text: Option<String> = row.get(column)?;
        text.map(|text| text.parse().map_err(|_| damaged())).transpose()
    };
    Ok(Product {
        id: ProductId::new(row.get(0)?).ok_or_else(damaged)?,
        mnemonic: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        name: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
        unit: UnitType::from_name(&row.get::<_, String>(3)?).ok_or_else(damaged)?,
        kind: ProductKind::from_name(&row.get::<_, String>(4)?).ok_or_else(damaged)?,
        members: members.collect::<Result<_, _>>()?,
        family: name(6)?,
        rank: row.get(7)?,
        platform: name(8)?,
        auto_enabled: row.get(9)?,
        end_of_sale: day(10)?,
        end_of_life: day(11)?,
        use_ends: row.get(12)?,
    })
}
