//! What a captured trace lacks, and which of it the population makes up.

use super::TraceSpec;
use crate::{
    config::{Node, Read, Refusal, Value, suggestion},
    trace::request::Field,
};

crate::options! {
    /// How a captured trace is filled.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Fill {
        /// Whether captured fields are overwritten: true, or a list of fields.
        replace: Replace = Replace::None, "false";
        /// Which absent fields are filled.
        with: Option<Vec<FieldName>> = None, "all that the population declares";
    }
}

/// Which captured fields are overwritten.
#[derive(Clone, Debug, PartialEq)]
pub enum Replace {
    /// None.
    None,
    /// All that the population declares.
    All,
    /// These.
    Only(Vec<FieldName>),
}

impl Read for Replace {
    const WHAT: &'static str = "true, false, or a list of fields such as [\"prompt\"]";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Bool(true) => Ok(Replace::All),
            Value::Bool(false) => Ok(Replace::None),
            Value::List(_) => Vec::<FieldName>::read(node).map(Replace::Only),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [{ "type": "boolean" }, Vec::<FieldName>::schema()] })
    }
}

/// A field by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldName(pub Field);

impl Read for FieldName {
    const WHAT: &'static str = "a field of a request, such as \"prompt\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let name = String::read(node)?;
        match Field::ALL.iter().find(|f| f.name() == name) {
            Some(field) => Ok(FieldName(*field)),
            None => Err(Refusal::at(&node.at, format!("unknown field \"{name}\""))
                .help(suggestion(&name, Field::ALL.iter().map(|f| f.name())))),
        }
    }
    fn schema() -> serde_json::Value {
        let names: Vec<_> = Field::ALL.iter().map(|f| f.name()).collect();
        serde_json::json!({ "enum": names })
    }
}

impl TraceSpec {
    /// The fields that the population fills, given those that were captured.
    pub(in crate::trace) fn filled(&self, captured: &[Field]) -> Vec<(Field, String)> {
        let has = |list: &[FieldName], field: Field| list.iter().any(|f| f.0 == field);
        // Prompt and parameters are one body, which is made whole or not at all.
        let body = |f: Field| matches!(f, Field::Prompt | Field::Params);
        let body_captured = captured.iter().any(|f| body(*f));
        let mut fills = self.population.fills();
        for (_, later) in &self.drifts {
            for fill in later.fills() {
                if !fills.iter().any(|(f, _)| *f == fill.0) {
                    fills.push(fill);
                }
            }
        }
        let replaced = |f: Field| match &self.origin.fill.replace {
            Replace::None => false,
            Replace::All => true,
            Replace::Only(list) => has(list, f) || (body(f) && has(list, Field::Prompt)),
        };
        let makes_bodies = fills.iter().any(|(f, _)| *f == Field::Prompt)
            && (!body_captured || replaced(Field::Prompt));
        fills.retain(|(field, _)| {
            let wanted =
                self.origin.fill.with.as_ref().is_none_or(|list| {
                    has(list, *field) || (body(*field) && has(list, Field::Prompt))
                });
            let absent = if body(*field) {
                !body_captured
            } else {
                !captured.contains(field)
            };
            wanted && (absent || replaced(*field))
        });
        if makes_bodies
            && !fills.iter().any(|(f, _)| *f == Field::Bytes)
            && (!captured.contains(&Field::Bytes) || replaced(Field::Bytes))
            && fills.iter().any(|(f, _)| *f == Field::Prompt)
        {
            fills.push((Field::Bytes, "of the body".into()));
        }
        fills.sort_by_key(|(f, _)| *f);
        fills
    }
}
