//! Who sends, and in which form: each kind of client has its own order of fields, white space, case, way of writing numbers.
//!
//! The same content from two kinds of clients is the same question in other bytes: what a cache key must not care about,
//! and does when its normalisation is lost.

use super::{contents::Content, defects::Defects, mix::share};
use crate::{
    config::{Node, Read, Refusal, Value},
    sim::dice::{Dice, Purpose},
    trace::payload::Payload,
};

crate::choice! {
    /// How a client spells the prompt.
    pub enum Case {
        /// As it is.
        AsIs = "as-is",
        /// all small.
        Lower = "lower",
        /// ALL CAPITALS.
        Upper = "upper",
    }
}

crate::choice! {
    /// How a client writes numbers with a fraction.
    pub enum Floats {
        /// 0.7
        Short = "short",
        /// 0.700000
        Long = "long",
        /// 7e-1
        Exponent = "exponent",
        /// "0.7", as a text.
        Text = "text",
    }
}

crate::options! {
    /// A kind of client.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Client {
        /// Its share of the requests; only proportions count.
        share: f64 = 1.0, "1";
        /// Its version, shown behind its name.
        version: String = String::new(), "none";
        /// The order of the fields in its bodies; those not named follow.
        fields: Vec<String> = vec![], "model, prompt, temperature, top_p";
        /// White space between the parts of the JSON.
        spaces: bool = false, "false";
        /// How it spells the prompt.
        case: Case = Case::AsIs, "as-is";
        /// White space around the prompt.
        padded: bool = false, "false";
        /// How it writes numbers with a fraction.
        floats: Floats = Floats::Short, "short";
        /// Name of a field with another value in every request.
        cache_buster: Option<String> = None, "none";
        /// More fields, the same in every request.
        extra: Extra = Extra(vec![]), "none";
        /// Names that it sends in place of those of today, such as { temperature = "temp" }.
        names: Spelt = Spelt(vec![]), "none";
        /// Fields that it does not send.
        omits: Vec<String> = vec![], "none";
        /// Shares of its bodies that are damaged.
        defects: Defects = Defects::default(), "none";
    }
}

/// Constant fields of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Extra(pub Vec<(String, serde_json::Value)>);

impl Read for Extra {
    const WHAT: &'static str = "a table of fields, such as { stream = true }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let table = node.table("extra")?;
        Ok(Extra(
            table
                .iter()
                .map(|(k, e)| (k.clone(), e.node.to_json()))
                .collect(),
        ))
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object" })
    }
}

/// Fields and the names that a client sends for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spelt(pub Vec<(String, String)>);

impl Read for Spelt {
    const WHAT: &'static str =
        "names of fields, and those sent in their place, such as { temperature = \"temp\" }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let names = node.table("names")?.iter();
        Ok(Spelt(
            names
                .map(|(name, entry)| Ok((name.clone(), String::read(&entry.node)?)))
                .collect::<Result<_, Refusal>>()?,
        ))
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

impl Default for Client {
    fn default() -> Self {
        Client {
            share: 1.0,
            version: String::new(),
            fields: vec![],
            spaces: false,
            case: Case::AsIs,
            padded: false,
            floats: Floats::Short,
            cache_buster: None,
            extra: Extra(vec![]),
            names: Spelt(vec![]),
            omits: vec![],
            defects: Defects::default(),
        }
    }
}

/// The kinds of clients, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clients {
    /// Name and settings, in the order of the file.
    pub kinds: Vec<(String, Client)>,
}

impl Read for Clients {
    const WHAT: &'static str =
        "kinds of clients by name, such as { web = { share = 3 }, sdk = { spaces = true } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let mut kinds = Vec::new();
        for (name, entry) in node.table("clients")? {
            let client = match &entry.node.value {
                Value::Table(_) => Client::read(&entry.node)?,
                _ => Client {
                    share: share(&entry.node)?,
                    ..Client::default()
                },
            };
            client.defects.check(&entry.node.at)?;
            if client.share < 0.0 {
                return Err(Refusal::at(&entry.node.at, "a share is 0 or more"));
            }
            kinds.push((name.clone(), client));
        }
        if kinds.is_empty() || kinds.iter().all(|(_, c)| c.share == 0.0) {
            return Err(Refusal::at(&node.at, "no kind of client has a share"));
        }
        Ok(Clients { kinds })
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": { "anyOf": [{ "type": "number" }, Client::schema()] } })
    }
}

impl Client {
    /// Its name with its version.
    pub fn label(&self, name: &str) -> String {
        if self.version.is_empty() {
            name.into()
        } else {
            format!("{name} {}", self.version)
        }
    }

    /// The body in which it asks for a content. `dice` are those of the request, for a cache-buster.
    pub fn body(&self, content: &Content, model: &str, dice: Dice, blocks: &[u64]) -> Payload {
        let mut prompt = match self.case {
            Case::AsIs => content.prompt.clone(),
            Case::Lower => content.prompt.to_lowercase(),
            Case::Upper => content.prompt.to_uppercase(),
        };
        if self.padded {
            prompt = format!("  {prompt} ");
        }
        let float = |x: f64| match self.floats {
            Floats::Short => (format!("{x:?}"), serde_json::Value::from(x)),
            Floats::Long => (format!("{x:.6}"), serde_json::Value::from(x)),
            Floats::Exponent => (format!("{x:e}"), serde_json::Value::from(x)),
            Floats::Text => (
                format!("\"{x:?}\""),
                serde_json::Value::from(format!("{x:?}")),
            ),
        };
        let text = |s: String| (quoted(&s), serde_json::Value::String(s));
        let mut fields: Vec<(&str, (String, serde_json::Value))> = Vec::with_capacity(6);
        if !model.is_empty() {
            fields.push(("model", text(model.into())));
        }
        fields.push(("prompt", text(prompt)));
        fields.push(("temperature", float(content.temperature)));
        fields.push(("top_p", float(0.95)));
        if !content.list.is_empty() {
            let list = serde_json::Value::from(content.list.clone());
            fields.push(("list", (list.to_string(), list)));
        }
        for (name, value) in &self.extra.0 {
            fields.retain(|(known, _)| known != name);
            fields.push((name, (value.to_string(), value.clone())));
        }
        if let Some(name) = &self.cache_buster {
            let bits = dice.draw(BUSTER, 0).bits();
            fields.push((name, text(format!("{bits:016x}"))));
        }
        if !self.omits.is_empty() {
            fields.retain(|(name, _)| !self.omits.iter().any(|omitted| omitted == name));
        }
        if !self.fields.is_empty() {
            let place = |name: &str| self.fields.iter().position(|f| f == name);
            fields.sort_by_cached_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        }
        let respelt = !self.names.0.is_empty();
        let meant = respelt.then(|| owned(&fields));
        for (name, _) in fields.iter_mut().filter(|_| respelt) {
            if let Some((_, sent)) = self.names.0.iter().find(|(known, _)| known == *name) {
                *name = sent;
            }
        }
        let (open, comma, colon) = if self.spaces {
            ("{ ", ", ", ": ")
        } else {
            ("{", ",", ":")
        };
        let mut raw = String::with_capacity(160);
        for (i, (name, (text, _))) in fields.iter().enumerate() {
            raw.push_str(if i == 0 { open } else { comma });
            raw.push_str(&quoted(name));
            raw.push_str(colon);
            raw.push_str(text);
        }
        raw.push_str(if self.spaces { " }" } else { "}" });
        if let Some(defect) = self.defects.throw(dice) {
            let meant = meant.unwrap_or_else(|| owned(&fields));
            return Payload::new(&defect.damage(&raw), blocks).meaning(meant);
        }
        let payload = Payload::parts(raw, owned(&fields), blocks);
        match meant {
            Some(meant) => payload.meaning(meant),
            None => payload,
        }
    }
}

fn owned(fields: &[(&str, (String, serde_json::Value))]) -> Vec<(String, serde_json::Value)> {
    fields
        .iter()
        .map(|(name, (_, value))| (name.to_string(), value.clone()))
        .collect()
}

/// A string as JSON, by the short way when nothing in it needs an escape.
fn quoted(s: &str) -> String {
    if s.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        return ["\"", s, "\""].concat();
    }
    serde_json::Value::from(s).to_string()
}

const BUSTER: Purpose = Purpose::named("trace.cache-buster");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn body(toml: &str) -> String {
        let client = Client::read(&Node::parse(&Source::new("x", toml)).unwrap()).unwrap();
        let content = Content {
            prompt: "Content 17".into(),
            temperature: 0.7,
            list: vec![],
        };
        let payload = client.body(&content, "m-large", Dice::new(1, 2), &[]);
        let parsed: serde_json::Value = serde_json::from_str(&payload.raw).unwrap();
        let fields: Vec<_> = parsed.as_object().unwrap().clone().into_iter().collect();
        assert_eq!(fields, payload.fields, "the fields are those of the bytes");
        payload.raw.to_string()
    }

    #[test]
    fn each_form_is_the_same_question_in_other_bytes() {
        assert_eq!(
            body(""),
            r#"{"model":"m-large","prompt":"Content 17","temperature":0.7,"top_p":0.95}"#
        );
        assert_eq!(
            body(
                "fields = [\"top_p\", \"prompt\"]\nspaces = true\ncase = \"upper\"\nfloats = \"long\""
            ),
            r#"{ "top_p": 0.950000, "prompt": "CONTENT 17", "model": "m-large", "temperature": 0.700000 }"#
        );
        assert_eq!(
            body("floats = \"exponent\"\npadded = true\nextra = { user_id = 7 }"),
            r#"{"model":"m-large","prompt":"  Content 17 ","temperature":7e-1,"top_p":9.5e-1,"user_id":7}"#
        );
        assert!(body("cache_buster = \"_\"").contains(r#""_":""#));
    }
}
