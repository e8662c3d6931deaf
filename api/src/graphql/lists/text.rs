//! Texts within rows: what a filter looks for, spelled for both databases.

use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr};

use crate::graphql::label::LabelInput;
use crate::store::Store;

/// A text without the one character that PostgreSQL cannot take and no row therefore holds.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A text within a column, whatever the case, with nothing in it that LIKE would read as a pattern. How far a database
/// knows case beyond ASCII depends on it, so the text counts in both of the forms that lowering can leave behind.
pub(super) fn contains(column: impl IntoColumnRef, text: &str) -> Condition {
    let text = storable(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let lowered = Expr::expr(Func::lower(Expr::col(column)));
    let forms = [text.to_ascii_lowercase(), text.to_lowercase()];
    forms.into_iter().fold(Condition::any(), |any, form| {
        any.add(lowered.clone().like(LikeExpr::new(format!("%{form}%")).escape('\\')))
    })
}

/// A label within a JSON column of a list of `{key, value}`. The two databases ask differently, and number the places
/// of values differently, too.
pub(super) fn has_label(store: &Store, column: impl IntoColumnRef, label: &LabelInput) -> Expr {
    let (key, value) = (storable(&label.key), storable(&label.value));
    if store.is_shared() {
        let one = serde_json::json!([{ "key": key, "value": value }]).to_string();
        Expr::cust_with_exprs("$1 @> $2::jsonb", [Expr::col(column), Expr::value(one)])
    } else {
        Expr::cust_with_exprs(
            "EXISTS (SELECT 1 FROM json_each(?) AS label WHERE json_extract(label.value, '$.key') = ? \
             AND json_extract(label.value, '$.value') = ?)",
            [Expr::col(column), Expr::value(key), Expr::value(value)],
        )
    }
}
