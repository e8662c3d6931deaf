//! How much one GraphQL document may ask for.

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
    /// What one operation may cost: a field costs 1, and what stands below a list as often as the list has rows.
    pub complexity: u32,
    /// Directives in one place.
    pub directives: usize,
    /// Aliases, fragments in place of their spreads.
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
