//! How much one GraphQL document may ask for.

use async_graphql::{ObjectType, SchemaBuilder, SubscriptionType};

use super::guard::Guard;

/// The bounds of a document. Each exists because something grows with it that a client does not pay for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document's text; variables are bounded by the body alone.
    pub text_bytes: usize,
    /// Levels of brackets in the text, which bounds the recursion of everything that reads it.
    pub nesting: usize,
    /// Fields and spreads after every fragment has been put in place of its spreads. The validation walks them all, and
    /// a short text can have a great many.
    pub nodes: usize,
    /// Levels of fields. The standard introspection query has 15.
    pub depth: usize,
    /// Levels of selection sets, fragments included. The standard introspection query has 18.
    pub recursion: usize,
    /// Sum over the fields of what each declares to cost; list fields declare their page size times their children.
    pub complexity: usize,
    /// Directives on one field.
    pub directives: usize,
    /// Aliases in the document.
    pub aliases: usize,
    /// Bytes of one string among the variables.
    pub string_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 20 * 1024,
            nesting: 100,
            nodes: 2_000,
            depth: 18,
            recursion: 32,
            complexity: 25_000,
            directives: 5,
            aliases: 50,
            string_bytes: 1024 * 1024,
        }
    }
}

impl Limits {
    /// A schema under construction with these limits, the [`Guard`] included.
    #[must_use]
    pub fn apply<Q, M, S>(&self, schema: SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S>
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        schema
            .limit_depth(self.depth)
            .limit_recursive_depth(self.recursion)
            .limit_complexity(self.complexity)
            .limit_directives(self.directives)
            .limit_aliases(self.aliases)
            .extension(Guard::new(self.clone()))
    }
}
