//! The comparison as one object; docs/compare.md describes it.

use super::{Compared, Outcome};
use serde_json::{Value, json};

/// The version of the object's layout.
pub const SCHEMA: u32 = 1;

/// The text of the object.
///
/// # Errors
/// None that a comparison can cause: numbers that are not finite are told as null.
pub fn render(compared: &Compared) -> Result<String, serde_json::Error> {
    let mut object = json!({
        "schema": SCHEMA,
        "a": compared.base,
        "b": compared.new,
        "verdict": compared.verdict(),
        "worse": compared.comparison().is_worse(),
    });
    let (how, comparison) = match &compared.outcome {
        Outcome::Paired(paired) => {
            let mut whole = serde_json::to_value(paired)?;
            let comparison = whole
                .as_object_mut()
                .and_then(|o| o.shift_remove("comparison"));
            object["pairs"] = whole;
            ("paired", comparison.unwrap_or(Value::Null))
        }
        Outcome::Unpaired(comparison, why) => {
            object["why_not_paired"] = json!(why);
            ("unpaired", serde_json::to_value(comparison)?)
        }
    };
    object["how"] = json!(how);
    if let Value::Object(fields) = comparison {
        for (name, value) in fields {
            object[name] = value;
        }
    }
    Ok(serde_json::to_string_pretty(&object)? + "\n")
}
