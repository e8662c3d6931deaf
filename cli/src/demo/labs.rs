//! The two organizations of the demonstration, and who acts for them.

use cynic::MutationBuilder;

use super::server::Server;
use super::stage::Stage;
use crate::api::{CreateOrganization, CreateOrganizationInput, CreateOrganizationVariables};
use crate::client::{Client, Failure};
use crate::output::style::Tone;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lab {
    Vision,
    Language,
}

impl Lab {
    fn slug(self) -> &'static str {
        match self {
            Self::Vision => "vision-lab",
            Self::Language => "language-lab",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Vision => "Vision Lab",
            Self::Language => "Language Lab",
        }
    }
}

/// A member of each, and the operator's token for whoever looks at the dashboard.
pub(super) struct Labs {
    pub(super) operator_token: String,
    vision: Client,
    language: Client,
}

impl Labs {
    /// Creates the organizations and signs a token for each.
    pub(super) async fn found(stage: &Stage, server: &Server) -> Result<Self, Failure> {
        let operator_token = server.token("operator", None).await?;
        let operator = server.client(&operator_token)?;
        let vision = found_one(server, &operator, Lab::Vision).await?;
        let language = found_one(server, &operator, Lab::Language).await?;
        stage.note(
            "Two organizations share 4 H100 and 4 A100 (simulated): vision-lab and language-lab.",
            Tone::Plain,
        )?;
        Ok(Self { operator_token, vision, language })
    }

    /// A member of this organization.
    pub(super) fn member(&self, lab: Lab) -> &Client {
        match lab {
            Lab::Vision => &self.vision,
            Lab::Language => &self.language,
        }
    }
}

async fn found_one(server: &Server, operator: &Client, lab: Lab) -> Result<Client, Failure> {
    let input = CreateOrganizationInput {
        slug: lab.slug().to_owned(),
        name: lab.name().to_owned(),
        weight: None,
        quota: None,
        idle_policy: None,
    };
    operator.run(CreateOrganization::build(CreateOrganizationVariables { input })).await?;
    let token = server.token("member", Some(lab.slug())).await?;
    server.client(&token)
}
