//! The public halves of the servers' token keys: what a server that shares a database with others accepts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::signing_key;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use super::audit::{Action, Line};
use super::{Actor, Store};
use crate::auth::MAX_TTL;
use crate::fault::Fault;

impl Store {
    /// Publishes this server's public key, or says that it is still in use. A database of one server knows no other key: a
    /// key that was replaced signs nothing any more.
    ///
    /// # Errors
    /// Database faults.
    pub async fn publish_signing_key(&self, kid: &str, public_pem: &str) -> Result<(), Fault> {
        let (kid, public_pem, shared) = (kid.to_owned(), public_pem.to_owned(), self.is_shared());
        self.write(move |tx| {
            let (kid, public_pem) = (kid.clone(), public_pem.clone());
            Box::pin(async move {
                if !shared {
                    let others = signing_key::Entity::delete_many().filter(signing_key::Column::Kid.ne(&kid));
                    others.exec(tx.db).await?;
                }
                let row = signing_key::ActiveModel {
                    kid: Set(kid),
                    public_pem: Set(public_pem),
                    created_at: Set(tx.now),
                    last_seen_at: Set(Some(tx.now)),
                };
                let mut known = OnConflict::column(signing_key::Column::Kid);
                known.update_columns([signing_key::Column::PublicPem, signing_key::Column::LastSeenAt]);
                signing_key::Entity::insert(row).on_conflict(known).exec_without_returning(tx.db).await?;
                Ok(())
            })
        })
        .await
    }

    /// The published keys that count, PEM by key id. A key whose server was not seen for longer than its tokens live has
    /// none left that hold.
    ///
    /// # Errors
    /// Database faults.
    pub async fn signing_keys(&self) -> Result<HashMap<String, String>, Fault> {
        let oldest = self.clock().now() - MAX_TTL;
        let seen = Condition::any()
            .add(signing_key::Column::LastSeenAt.gte(oldest))
            .add(signing_key::Column::CreatedAt.gte(oldest));
        let rows = signing_key::Entity::find().filter(seen).all(self.db()).await?;
        Ok(rows.into_iter().map(|row| (row.kid, row.public_pem)).collect())
    }

    /// Every published key: its id, when it was published, and when its server was last seen.
    ///
    /// # Errors
    /// Database faults.
    pub async fn list_signing_keys(
        &self,
    ) -> Result<Vec<(String, DateTime<Utc>, Option<DateTime<Utc>>)>, Fault> {
        let rows =
            signing_key::Entity::find().order_by_asc(signing_key::Column::CreatedAt).all(self.db()).await?;
        Ok(rows.into_iter().map(|row| (row.kid, row.created_at, row.last_seen_at)).collect())
    }

    /// Takes a key back: no token of it holds any more, unless its server still runs and publishes it again. False: there
    /// is none of this id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn revoke_signing_key(&self, kid: &str, actor: &Actor) -> Result<bool, Fault> {
        let (kid, actor) = (kid.to_owned(), actor.clone());
        self.write(move |tx| {
            let (kid, actor) = (kid.clone(), actor.clone());
            Box::pin(async move {
                let deleted = signing_key::Entity::delete_by_id(&kid).exec(tx.db).await?;
                let revoked = deleted.rows_affected > 0;
                if revoked {
                    tx.note(&actor, Line::new(Action::RevokeSigningKey, None, &kid));
                }
                Ok(revoked)
            })
        })
        .await
    }
}
