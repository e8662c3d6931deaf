//! The organizations of a simulation, by the names that its files use.

use std::collections::HashMap;
use std::path::Path;

use domain::ids::OrganizationId;
use domain::snapshot::OrganizationState;
use uuid::Uuid;

use super::csv_file::Rows;
use crate::client::Failure;

/// Those met so far.
#[derive(Default)]
pub(super) struct Tenants {
    numbers: HashMap<String, usize>,
    pub(super) organizations: Vec<OrganizationState>,
}

/// Reads weights, guarantees and ceilings, if there is a file.
pub(super) fn read(file: Option<&Path>) -> Result<Tenants, Failure> {
    let mut tenants = Tenants::default();
    let Some(file) = file else { return Ok(tenants) };
    let rows = Rows::read(file, &["weight"])?;
    let expected = "a number of at least 0";
    for row in rows.iter() {
        let name = match row.text("organization") {
            Some(name) => name,
            None => row.needed("vc")?,
        };
        let milli = |gpus: f64| (gpus * 1000.0).round() as i64;
        let weight = row.number("weight", 0.0, expected)?.unwrap_or(1.0);
        let guaranteed = row.number("guaranteed_gpus", 0.0, expected)?.map_or(0, milli);
        let ceiling = row.number("max_gpus", 0.0, expected)?.map(milli);
        let id = tenants.id(name);
        if let Some(state) = tenants.organizations.iter_mut().find(|state| state.id == id) {
            (state.weight, state.guaranteed_milli, state.max_gpus_milli) = (weight, guaranteed, ceiling);
        }
    }
    Ok(tenants)
}

impl Tenants {
    /// The organization of this name, among those met so far.
    pub(super) fn known(&self, name: &str) -> Option<OrganizationId> {
        let number = self.numbers.get(name)?;
        self.organizations.get(*number).map(|state| state.id)
    }

    /// Their names, in the order in which they were met.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<(&usize, &str)> =
            self.numbers.iter().map(|(name, number)| (number, name.as_str())).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The organization of this name; one not met before has the weight 1.
    pub(super) fn id(&mut self, name: &str) -> OrganizationId {
        let next = self.organizations.len();
        let number = *self.numbers.entry(name.to_owned()).or_insert(next);
        let id = OrganizationId(Uuid::from_u128(number as u128 + 1));
        if number == next {
            self.organizations.push(OrganizationState {
                id,
                max_gpus_milli: None,
                allocated_milli: 0,
                weight: 1.0,
                guaranteed_milli: 0,
                lately_milli: 0.0,
            });
        }
        id
    }
}
