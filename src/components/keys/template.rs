//! The template of a key: which fields, normalised how, written how.

use super::{
    Material,
    serialise::{Floats, Normaliser, Style, write},
};
use crate::{
    config::{At, Node, Read, Refusal},
    sim::hash::mix,
};
use xxhash_rust::xxh3::xxh3_64;

crate::choice! {
    /// A field of the request that is a name, not part of its payload.
    pub enum Tag {
        /// Who pays.
        Tenant = "tenant",
        /// Who asks.
        User = "user",
        /// Which endpoint.
        Route = "route",
        /// Where.
        Region = "region",
        /// Priority class.
        Class = "class",
        /// Client version or kind.
        Client = "client",
        /// Model asked for.
        Model = "model",
        /// Network address, as the service sees it.
        Address = "address",
    }
}

crate::choice! {
    /// Where the seed of a key's hash comes from.
    pub enum KeySeed {
        /// The same everywhere.
        Fixed = "fixed",
        /// Drawn when a process starts: keys never match across processes or after a restart.
        PerProcess = "per-process",
    }
}

crate::options! {
    /// Cache key.
    #[derive(Clone, Debug, PartialEq)]
    pub struct KeyOptions {
        /// Fields that the key is made of: tenant, user, route, region, class, client, model, request_id, minute, revision (of all dependencies), body (the whole payload), or the name of a payload's field.
        fields: Vec<(String, At)>,
        /// Fields that decide an answer, whatever the key is made of, named as above: an answer kept for others is a wrong one. Those of the version at the start hold for the whole run.
        meaning: Vec<(String, At)> = vec![], "the model, and those of the key but request_id and minute";
        /// Steps of normalisation for text values, in order.
        normalise: Vec<Normaliser> = vec![], "none";
        /// Canonical JSON (sorted, no white space, shortest numbers), whatever the serializer below says.
        canonical_json: bool = true, "true";
        /// Without canonical JSON: sort the fields.
        sort: bool = false, "false";
        /// Without canonical JSON: a space after `:` and `,`.
        spaces: bool = false, "false";
        /// Without canonical JSON: how fractions are written.
        floats: Floats = Floats::Shortest, "shortest";
        /// Version of the key: every other number is another key.
        version: u64 = 1, "1";
        /// Seed of the key's hash.
        seed: KeySeed = KeySeed::Fixed, "fixed";
        /// Patches of this table that give further keys to look up when the first one misses: a compatibility read path.
        read_also: Vec<Node> = vec![], "none";
        /// Patches of this table that give further keys to store answers under: dual writing.
        write_also: Vec<Node> = vec![], "none";
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tag(Tag),
    RequestId,
    Minute,
    Revision,
}

/// What decides an answer, whatever a key is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// Names.
    pub tags: Vec<Tag>,
    /// Fields of the payload; `None` is all of them.
    pub payload: Option<Vec<String>>,
}

/// Fields as a list in a file names them: names and the like, and fields of the payload (`None` is all of them).
fn named(fields: &[(String, At)]) -> Result<(Vec<Part>, Option<Vec<String>>), Refusal> {
    let (mut parts, mut payload, mut whole) = (vec![], vec![], false);
    for (i, (name, at)) in fields.iter().enumerate() {
        if fields[..i].iter().any(|(other, _)| other == name) {
            return Err(Refusal::at(at, format!("the key names \"{name}\" twice")));
        }
        let words = <Tag as crate::config::Choice>::WORDS;
        match (words.iter().find(|(word, _)| word == name), name.as_str()) {
            (Some((_, tag)), _) => parts.push(Part::Tag(*tag)),
            (None, "request_id") => parts.push(Part::RequestId),
            (None, "minute") => parts.push(Part::Minute),
            (None, "revision") => parts.push(Part::Revision),
            (None, "body") => whole = true,
            (None, "") => return Err(Refusal::at(at, "a field without a name")),
            (None, field) => payload.push(field.to_string()),
        }
    }
    Ok((parts, (!whole).then_some(payload)))
}

/// A key's template, ready to use.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyTemplate {
    parts: Vec<Part>,
    /// Fields of the payload; `None` is all of them.
    payload: Option<Vec<String>>,
    normalise: Vec<Normaliser>,
    style: Style,
    version: u64,
    seed: KeySeed,
    meaning: Meaning,
    /// Number of this manner of writing the payload, for memos.
    variant: u64,
    /// Keys to look up when this one misses.
    pub read_also: Vec<KeyTemplate>,
    /// Keys to store under as well.
    pub write_also: Vec<KeyTemplate>,
}

impl KeyTemplate {
    /// Reads a key's table.
    ///
    /// # Errors
    /// Unknown options; a list of fields that is empty or says a field twice.
    pub fn read(node: &Node) -> Result<KeyTemplate, Refusal> {
        let options = KeyOptions::read(node)?;
        let mut template = Self::of(&options)?;
        let also = |patches: &[Node]| {
            patches
                .iter()
                .map(|patch| {
                    let mut patched = node.clone();
                    patched.overlay(patch.table("a patch of the key")?);
                    let mut own = KeyOptions::read(&patched)?;
                    (own.read_also, own.write_also) = (vec![], vec![]);
                    Self::of(&own)
                })
                .collect::<Result<Vec<_>, Refusal>>()
        };
        template.read_also = also(&options.read_also)?;
        template.write_also = also(&options.write_also)?;
        Ok(template)
    }

    fn of(options: &KeyOptions) -> Result<KeyTemplate, Refusal> {
        let (parts, payload) = named(&options.fields)?;
        let meaning = meaning(options, &parts, payload.as_ref())?;
        let style = if options.canonical_json {
            Style::CANONICAL
        } else {
            Style {
                sorted: options.sort,
                spaced: options.spaces,
                floats: options.floats,
            }
        };
        let manner = format!("{payload:?} {:?} {style:?}", options.normalise);
        Ok(KeyTemplate {
            parts,
            payload,
            normalise: options.normalise.clone(),
            style,
            version: options.version,
            seed: options.seed,
            meaning,
            variant: xxh3_64(manner.as_bytes()) | 4, // small numbers are the digests' own
            read_also: vec![],
            write_also: vec![],
        })
    }

    /// The key of a request. `process` is the process's own random number, used only with a per-process seed.
    #[inline]
    pub fn key(&self, of: &impl Material, process: u64) -> u64 {
        let mut key = mix(self.version ^ 0x6b65_7900);
        if self.seed == KeySeed::PerProcess {
            key = mix(key ^ process);
        }
        for part in &self.parts {
            let word = match part {
                Part::Tag(tag) => of.tag(*tag),
                Part::RequestId => of.request_id(),
                Part::Minute => of.arrived() / 60_000_000_000,
                Part::Revision => of.revision(),
            };
            key = mix(key.rotate_left(17) ^ word);
        }
        if self
            .payload
            .as_ref()
            .is_none_or(|fields| !fields.is_empty())
        {
            let digest = of.memo(self.variant, &mut || {
                self::digest(of, self.payload.as_deref(), self.style, &self.normalise)
            });
            key = mix(key.rotate_left(17) ^ digest);
        }
        key
    }

    /// The payload's fields that it uses; `None` is all of them.
    pub fn payload_fields(&self) -> Option<&[String]> {
        self.payload.as_deref()
    }

    /// What decides an answer.
    pub fn meaning(&self) -> &Meaning {
        &self.meaning
    }

    /// Whether both write the same key for every request, whatever else they read or write.
    pub fn writes_like(&self, other: &KeyTemplate) -> bool {
        let alone = |t: &KeyTemplate| KeyTemplate {
            meaning: self.meaning.clone(),
            read_also: vec![],
            write_also: vec![],
            ..t.clone()
        };
        alone(self) == alone(other)
    }

    /// What of it belongs to the serializer, to tell versions of that apart.
    pub fn serializer(&self) -> Style {
        self.style
    }
}

/// What decides an answer, as said or as follows from the key: no two models answer alike.
fn meaning(
    options: &KeyOptions,
    key: &[Part],
    payload: Option<&Vec<String>>,
) -> Result<Meaning, Refusal> {
    let said = !options.meaning.is_empty();
    let idle = |name: &str| matches!(name, "request_id" | "minute");
    if let Some((name, at)) = options.meaning.iter().find(|(name, _)| idle(name)) {
        return Err(Refusal::at(at, format!("no answer depends on \"{name}\""))
            .help("name what it depends on, such as tenant, model, body"));
    }
    let (parts, payload) = match said {
        true => named(&options.meaning)?,
        false => (key.to_vec(), payload.cloned()),
    };
    let tag = |part: &Part| match part {
        Part::Tag(tag) => Some(*tag),
        // Revisions always count.
        Part::RequestId | Part::Minute | Part::Revision => None,
    };
    let mut tags: Vec<Tag> = parts.iter().filter_map(tag).collect();
    if !said && !tags.contains(&Tag::Model) {
        tags.push(Tag::Model);
    }
    Ok(Meaning { tags, payload })
}

fn digest(
    of: &impl Material,
    fields: Option<&[String]>,
    style: Style,
    normalise: &[Normaliser],
) -> u64 {
    if of.fields().is_empty() {
        return xxh3_64(of.raw().as_bytes()); // no JSON object: the bytes are the content
    }
    let chosen = of
        .fields()
        .iter()
        .filter(|(name, _)| fields.is_none_or(|fields| fields.contains(name)))
        .map(|(name, value)| (name.as_str(), value));
    xxh3_64(write(chosen, style, normalise).as_bytes())
}

/// The two digests that tell kinds of key drift apart: of the fields sorted with raw values, and of the fields sorted and
/// fully normalised. `fields` are those that say what the content is; `None` is all of them.
pub fn digests(of: &impl Material, fields: Option<&[String]>) -> (u64, u64) {
    use Normaliser::DropPrivate;
    let raw = of.memo(1, &mut || {
        digest(of, fields, Style::CANONICAL, &[DropPrivate])
    });
    (
        raw,
        of.memo(2, &mut || digest(of, fields, Style::CANONICAL, WHOLLY)),
    )
}

/// Normalisation that takes all away but the content.
const WHOLLY: &[Normaliser] = {
    use Normaliser::{Collapse, DropPrivate, Lowercase, Nfc, Trim};
    &[Nfc, Trim, Collapse, Lowercase, DropPrivate]
};

/// The second of these digests over other fields: those that decide an answer. The same ones in each call of a run.
pub fn content(of: &impl Material, fields: Option<&[String]>) -> u64 {
    of.memo(3, &mut || digest(of, fields, Style::CANONICAL, WHOLLY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use proptest::prelude::*;

    struct Body {
        raw: String,
        fields: Vec<(String, serde_json::Value)>,
        id: u64,
    }

    fn body(raw: &str, id: u64) -> Body {
        let fields = match serde_json::from_str(raw) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().collect(),
            _ => vec![],
        };
        Body {
            raw: raw.into(),
            fields,
            id,
        }
    }

    impl Material for Body {
        fn tag(&self, tag: Tag) -> u64 {
            tag as u64 + 100
        }
        fn request_id(&self) -> u64 {
            self.id
        }
        fn arrived(&self) -> u64 {
            self.id * 1_000_000_000
        }
        fn fields(&self) -> &[(String, serde_json::Value)] {
            &self.fields
        }
        fn raw(&self) -> &str {
            &self.raw
        }
        fn revision(&self) -> u64 {
            1
        }
        fn memo(&self, _: u64, make: &mut dyn FnMut() -> u64) -> u64 {
            make()
        }
    }

    fn template(options: &str) -> KeyTemplate {
        KeyTemplate::read(&Node::parse(&Source::new("key.toml", options)).unwrap()).unwrap()
    }

    #[test]
    fn equal_content_has_one_key_under_canonical_json_and_several_under_a_raw_dump() {
        let (a, b) = (
            body(r#"{"prompt":"hi","t":0.70}"#, 1),
            body(r#"{"t": 0.7, "prompt": "hi"}"#, 2),
        );
        let canonical = template("fields = [\"tenant\", \"prompt\", \"t\"]");
        assert_eq!(canonical.key(&a, 0), canonical.key(&b, 0));
        let dump = template("fields = [\"tenant\", \"prompt\", \"t\"]\ncanonical_json = false");
        assert_ne!(dump.key(&a, 0), dump.key(&b, 0));
    }

    #[test]
    fn every_drift_that_the_field_knows_changes_the_key() {
        let a = body(r#"{"prompt":" Hi ","t":0.7}"#, 61);
        let base =
            "fields = [\"tenant\", \"prompt\", \"t\"]\nnormalise = [\"trim\", \"lowercase\"]";
        let sound = template(base).key(&a, 9);
        for drift in [
            base.replace("\"tenant\"", "\"tenant\", \"request_id\""),
            base.replace("\"tenant\"", "\"tenant\", \"minute\""),
            base.replace("\"tenant\"", "\"tenant\", \"client\""),
            base.replace("\"trim\", \"lowercase\"", ""),
            format!("{base}\nversion = 2"),
            format!("{base}\nseed = \"per-process\""),
            format!("{base}\ncanonical_json = false\nspaces = true"),
            format!("{base}\ncanonical_json = false\nfloats = \"fixed\""),
        ] {
            assert_ne!(template(&drift).key(&a, 9), sound, "{drift}");
        }
        assert_eq!(
            template(base).key(&a, 10),
            sound,
            "a fixed seed does not depend on the process"
        );
    }

    #[test]
    fn a_compatibility_read_path_gives_the_old_key() {
        let a = body(r#"{"prompt":"hi"}"#, 1);
        let old = template("fields = [\"prompt\"]\nversion = 1");
        let new = template("fields = [\"prompt\"]\nversion = 2\nread_also = [{ version = 1 }]");
        assert_ne!(new.key(&a, 0), old.key(&a, 0));
        assert_eq!(new.read_also[0].key(&a, 0), old.key(&a, 0));
    }

    #[test]
    fn what_decides_an_answer_is_the_key_and_the_model_unless_it_is_said() {
        let of = |text: &str| template(text).meaning().clone();
        let follows = of("fields = [\"tenant\", \"minute\", \"prompt\", \"request_id\"]");
        assert_eq!(follows.tags, [Tag::Tenant, Tag::Model]);
        assert_eq!(follows.payload, Some(vec!["prompt".to_string()]));
        let said = of("fields = [\"prompt\"]\nmeaning = [\"body\", \"user\"]");
        assert_eq!((said.tags, said.payload), (vec![Tag::User], None));
        let node = Node::parse(&Source::new(
            "k",
            "fields = [\"t\"]\nmeaning = [\"body\", \"minute\"]",
        ));
        let refusal = KeyTemplate::read(&node.unwrap()).unwrap_err().to_string();
        assert!(
            refusal.starts_with("k:2:20: no answer depends on"),
            "{refusal}"
        );
    }

    #[test]
    fn a_field_named_twice_is_refused_at_its_place() {
        let node = Node::parse(&Source::new(
            "key.toml",
            "fields = [\"prompt\", \"prompt\"]",
        ))
        .unwrap();
        let refusal = KeyTemplate::read(&node).unwrap_err().to_string();
        assert!(
            refusal.starts_with("key.toml:1:21: the key names \"prompt\" twice"),
            "{refusal}"
        );
    }

    proptest! {
        #[test]
        fn digests_see_content_and_not_its_writing(prompt in "[a-z ]{1,20}") {
            let a = body(&format!("{{\"prompt\":\"{prompt}\",\"_ts\":1}}"), 1);
            let b = body(&format!("{{ \"_ts\": 2, \"prompt\": \"  {}\" }}", prompt.to_uppercase()), 2);
            prop_assert_eq!(digests(&a, None).1, digests(&b, None).1);
        }
    }
}
