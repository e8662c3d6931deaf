//! Who may do what: one table for all of the schema. A field that is missing here is refused to everybody, and a test
//! holds the table against the schema.

use domain::role::Role;

/// What a field needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// That it is somebody at all.
    Anyone,
    /// A person, or a program with a key, of this role or a greater one. What they see ends at their organization, an
    /// operator's at the fleet.
    Role(Role),
    /// An agent of a host that has joined.
    Agent,
    /// An agent, or whoever may join as one.
    Joining,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Role(role) => write!(f, "{role}"),
            Self::Agent => f.write_str("AGENT"),
            Self::Joining => f.write_str("AGENT, joined or about to"),
        }
    }
}

const VIEWER: Need = Need::Role(Role::Viewer);
const MEMBER: Need = Need::Role(Role::Member);
const ADMIN: Need = Need::Role(Role::Admin);
const OPERATOR: Need = Need::Role(Role::Operator);

/// Every field of the three roots, and of the other types those that need more than sight of their object.
const TABLE: &[(&str, &str, Need)] = &[
    ("Query", "node", VIEWER),
    ("Query", "nodes", VIEWER),
    ("Query", "viewer", Need::Anyone),
    ("Query", "organization", VIEWER),
    ("Query", "organizations", OPERATOR),
    ("Query", "job", VIEWER),
    ("Query", "jobs", VIEWER),
    ("Query", "previewJob", MEMBER),
    ("Query", "gpu", VIEWER),
    ("Query", "gpus", VIEWER),
    ("Query", "host", VIEWER),
    ("Query", "hosts", VIEWER),
    ("Query", "fleet", VIEWER),
    ("Query", "usageBreakdown", VIEWER),
    ("Query", "eventCursor", VIEWER),
    ("Query", "auditLog", OPERATOR),
    ("Query", "errorCodes", Need::Anyone),
    ("Organization", "jobs", VIEWER),
    ("Organization", "apiKeys", ADMIN),
    ("Mutation", "submitJob", MEMBER),
    ("Mutation", "submitJobs", MEMBER),
    ("Mutation", "cancelJob", MEMBER),
    ("Mutation", "cancelJobs", MEMBER),
    ("Mutation", "retryJob", MEMBER),
    ("Mutation", "retryJobs", MEMBER),
    ("Mutation", "updateJob", MEMBER),
    ("Mutation", "allocateGpus", MEMBER),
    ("Mutation", "releaseJob", MEMBER),
    ("Mutation", "createApiKey", ADMIN),
    ("Mutation", "revokeApiKey", ADMIN),
    ("Mutation", "createOrganization", OPERATOR),
    ("Mutation", "updateOrganization", OPERATOR),
    ("Mutation", "updateHost", OPERATOR),
    ("Mutation", "removeHost", OPERATOR),
    ("Mutation", "registerHost", Need::Joining),
    ("Mutation", "heartbeat", Need::Agent),
    ("Mutation", "reportJobs", Need::Agent),
    ("Mutation", "appendLogs", Need::Agent),
    ("Subscription", "jobUpdates", VIEWER),
    ("Subscription", "gpuUpdates", VIEWER),
    ("Subscription", "jobLogs", VIEWER),
    ("Subscription", "fleetUpdates", VIEWER),
    ("Subscription", "hostUpdates", VIEWER),
    ("Subscription", "organizationUpdates", VIEWER),
    ("Subscription", "telemetryUpdates", VIEWER),
    ("Subscription", "auditUpdates", OPERATOR),
    ("Subscription", "assignments", Need::Agent),
];

/// What a field needs; None: it is not in the table.
#[must_use]
pub fn need(parent: &str, field: &str) -> Option<Need> {
    TABLE.iter().find(|(known, name, _)| *known == parent && *name == field).map(|(_, _, need)| *need)
}

/// The table, as people read it.
#[must_use]
pub fn table() -> String {
    let rows = TABLE.iter().map(|(parent, field, need)| (format!("{parent}.{field}"), need));
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = rows.map(|(name, need)| format!("{name:width$}  {need}")).collect();
    format!(
        "{}\n\nEvery other field is for whoever sees its object; another organization's objects are not there.",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use std::collections::BTreeSet;

    use apollo_compiler::Schema;
    use apollo_compiler::schema::ExtendedType;

    use super::TABLE;
    use crate::graphql::schema::sdl;

    #[test]
    fn the_table_and_the_schema_name_the_same_fields() {
        let schema = Schema::parse_and_validate(sdl(), "schema.graphql").unwrap();
        let fields: BTreeSet<(String, String)> = schema
            .types
            .values()
            .filter_map(|ty| match ty {
                ExtendedType::Object(object) if !object.name.starts_with("__") => Some(object),
                _ => None,
            })
            .flat_map(|object| object.fields.keys().map(|field| (object.name.to_string(), field.to_string())))
            .collect();
        let listed: BTreeSet<(String, String)> =
            TABLE.iter().map(|(parent, field, _)| ((*parent).to_owned(), (*field).to_owned())).collect();
        assert_eq!(listed.len(), TABLE.len(), "no field stands in the table twice");
        let unknown: Vec<_> = listed.difference(&fields).collect();
        assert!(unknown.is_empty(), "in the table, not in the schema: {unknown:?}");
        let roots = ["Query", "Mutation", "Subscription"];
        let missing: Vec<_> =
            fields.difference(&listed).filter(|(parent, _)| roots.contains(&parent.as_str())).collect();
        assert!(missing.is_empty(), "in the schema, not in the table: {missing:?}");
    }
}
