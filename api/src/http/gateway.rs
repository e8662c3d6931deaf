//! What stands behind the transport: something that knows callers and executes GraphQL.

use std::net::IpAddr;

use async_graphql::{Request, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::call::{Call, RequestId};
use super::sign_in::{Grant, Offer, SignInRefusal, SignedIn};
use crate::auth::Principal;

/// Authenticates callers and executes their operations.
pub trait Gateway: Send + Sync + 'static {
    /// The principal that a bearer's text proves.
    fn authenticate<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Principal, Refusal>>;

    /// How people sign in with an identity provider; none: they do not.
    fn sign_in_offer(&self) -> BoxFuture<'_, Result<Option<Offer>, SignInRefusal>>;

    /// Signs a person in who comes back from the identity provider.
    fn sign_in(
        &self,
        grant: Grant,
        id: RequestId,
        address: Option<IpAddr>,
    ) -> BoxFuture<'_, Result<SignedIn, SignInRefusal>>;

    /// The schema in the schema definition language.
    fn sdl(&self) -> &str;

    /// Executes a query or a mutation.
    fn execute(&self, request: Request, call: Call) -> BoxFuture<'static, Response>;

    /// Executes a subscription. The stream ends when there is nothing more to come.
    fn subscribe(&self, request: Request, call: Call) -> BoxStream<'static, Response>;

    /// Whether a principal that was authenticated earlier still may be here: asked every few seconds while a socket is
    /// open, so it should be cheap.
    fn still_valid<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, bool>;

    /// Brings up to date what is only measured when somebody looks: asked before each answer of `/metrics`.
    fn measure(&self) -> BoxFuture<'_, ()>;

    /// Whether requests can be served now, with what is not well all the same, or why not.
    fn ready(&self) -> BoxFuture<'_, Result<Option<String>, String>>;
}

/// Why a caller has no principal. The messages are shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The proof does not hold.
    #[error("{0}")]
    Unauthenticated(String),
    /// The proof cannot be checked now.
    #[error("{0}")]
    Unavailable(String),
}
