//! Labels: of a job, of a host, or wanted of one.

use crate::requirements::Label;

use super::{
    InvalidInput, LABEL_KEY_CHARS, LABEL_VALUE_CHARS, LABELS, is_at_most, no_duplicates, refuse_unless,
};

/// Checks labels; `field` is the list's name: `labels`, `requirements.labels`. A key occurs once.
pub fn check_labels(field: &str, labels: &[Label]) -> Result<(), InvalidInput> {
    refuse_unless(labels.len() <= LABELS, field, || format!("must hold at most {LABELS} labels"))?;
    for (place, label) in labels.iter().enumerate() {
        check_label(&format!("{field}[{place}]"), label)?;
    }
    no_duplicates(field, labels.iter().map(|label| label.key.as_str()))
}

fn check_label(field: &str, label: &Label) -> Result<(), InvalidInput> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    let key = &label.key;
    let key_fits = (1..=LABEL_KEY_CHARS).contains(&key.len()) && key.bytes().all(allowed);
    refuse_unless(key_fits, format_args!("{field}.key"), || {
        format!("must be 1 to {LABEL_KEY_CHARS} letters, digits, dots, underscores, slashes or dashes")
    })?;
    let value = &label.value;
    let value_fits = is_at_most(value, LABEL_VALUE_CHARS) && !value.chars().any(char::is_control);
    refuse_unless(value_fits, format_args!("{field}.value"), || {
        format!("must have at most {LABEL_VALUE_CHARS} characters, none of them a control character")
    })
}
