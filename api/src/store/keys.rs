//! The public halves of the servers' token keys.

use std::collections::HashMap;

use entity::signing_key;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use super::Store;
use crate::fault::Fault;

impl Store {
    /// Publishes this server's public key for the other servers of the database.
    ///
    /// # Errors
    /// Database faults.
    pub async fn publish_signing_key(&self, kid: &str, public_pem: &str) -> Result<(), Fault> {
        let (kid, public_pem) = (kid.to_owned(), public_pem.to_owned());
        self.write(move |tx| {
            let (kid, public_pem) = (kid.clone(), public_pem.clone());
            Box::pin(async move {
                let row = signing_key::ActiveModel {
                    kid: Set(kid),
                    public_pem: Set(public_pem),
                    created_at: Set(tx.now),
                };
                signing_key::Entity::insert(row)
                    .on_conflict(
                        OnConflict::column(signing_key::Column::Kid)
                            .update_column(signing_key::Column::PublicPem)
                            .to_owned(),
                    )
                    .exec_without_returning(tx.db)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// All published keys, PEM by key id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn signing_keys(&self) -> Result<HashMap<String, String>, Fault> {
        let rows = signing_key::Entity::find().all(self.db()).await?;
        Ok(rows.into_iter().map(|row| (row.kid, row.public_pem)).collect())
    }
}
