//! Contracts: samples of what producers send, redacted, read by each version of the parser that an incident has had.
//!
//! The trace is read as the incident changes it (drifts, faults of payloads), without the service behind it. Payloads are
//! told apart by shape and by what each version says of them; of each kind one is kept, with names that the schemas know
//! and no values. A sample is kept only if every version says of it what it said of the payload itself.

use super::{Incident, plan::Plan};
use crate::{
    components::{
        Registry,
        parser::{How, Parser, shape},
    },
    config::Refusal,
    service::{ServiceSpec, Version, seams::Saboteur},
    sim::dice::Dice,
    trace::Source,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the file.
const CONTRACT: u64 = 1;
/// Kinds of payloads that are told apart.
const KINDS: usize = 200;

/// One version of an incident's parser.
pub struct Reader {
    /// Its number, as recordings have it in `parser_version`.
    pub number: u16,
    parser: Box<dyn Parser>,
}

/// What a reader says of a payload: `read`, `adapted`, `repaired`, `fallback`, or why it refuses it and the field.
pub fn verdict(reader: &Reader, raw: &str) -> String {
    let fields: Vec<_> = match serde_json::from_str(raw) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => vec![],
    };
    match reader.parser.parse(raw, &fields) {
        Err((why, about)) => format!("{} {}", why.word(), shape::name(&about))
            .trim_end()
            .into(),
        Ok(reading) => match (reading.fault, reading.how) {
            (Some((why, _)), _) => format!("{}, answered", why.word()),
            (None, How::AsSent) => "read".into(),
            (None, How::Adapted) => "adapted".into(),
            (None, How::Repaired) => "repaired".into(),
            (None, How::Fallback) => "fallback".into(),
        },
    }
}

/// A verdict without the field.
fn word(verdict: &str) -> &str {
    verdict.split([' ', ',']).next().unwrap_or_default()
}

/// Whether a verdict is that the payload was read.
pub fn is_read(verdict: &str) -> bool {
    ["read", "adapted", "repaired", "fallback"].contains(&verdict)
}

/// Versions of the parser that these services have, by their number.
///
/// # Errors
/// A service without a parser, or one that cannot be built.
pub fn readers(specs: Vec<ServiceSpec>, registry: &Registry) -> Result<Vec<Reader>, Refusal> {
    let mut readers: Vec<Reader> = vec![];
    for version in Version::number(specs) {
        if let Some(parse) = &version.spec.parse
            && readers.iter().all(|r| r.number != version.parser)
        {
            readers.push(Reader {
                number: version.parser,
                parser: parse.build(registry)?,
            });
        }
    }
    if readers.is_empty() {
        return Err(Refusal::new("the service has no parser")
            .help("add service.parse, such as parse = { kind = \"schema-json\", fields = { prompt = \"text\" } }"));
    }
    Ok(readers)
}

/// One kind of payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Names and types.
    pub shape: String,
    /// Who sends it; the first few versions of clients.
    pub writers: Vec<String>,
    /// How many there were.
    pub seen: u64,
    /// ns of the first and the last.
    pub span: (u64, u64),
    /// What each version of the parser says of it, in their order.
    pub verdicts: Vec<String>,
    /// A payload of the kind, without its values; `None` where that is read otherwise.
    pub payload: Option<String>,
}

impl Case {
    /// Whether a reader has to read it: a version of the parser did.
    pub fn must_be_read(&self) -> bool {
        self.verdicts.iter().any(|v| is_read(v))
    }
}

/// Cases of an incident, those that some version refuses first.
pub struct Contract {
    /// Numbers of the parser's versions.
    pub versions: Vec<u16>,
    /// The cases.
    pub cases: Vec<Case>,
    /// Payloads of further kinds.
    pub left_out: u64,
}

/// All versions of the parser that an incident has, those of its fix included.
///
/// # Errors
/// An incident that cannot be planned, or has no parser.
pub fn readers_of(
    incident: &Incident,
    registries: &super::Registries,
) -> Result<Vec<Reader>, Refusal> {
    let length = incident.trace.extent(incident.seed)?.length;
    let plan = Plan::new(incident, registries, length)?;
    readers(plan.versions, &registries.components)
}

/// Extracts the cases of an incident.
///
/// # Errors
/// A trace that cannot be read, sessions in closed loop, and a service without a parser.
pub fn extract(incident: &Incident, registries: &super::Registries) -> Result<Contract, Refusal> {
    let length = incident.trace.extent(incident.seed)?.length;
    let mut plan = Plan::new(incident, registries, length)?;
    let trace = plan.drifting(&incident.trace)?;
    let source = trace.open(incident.seed)?;
    let tags = source.tags();
    plan.faults.tags = tags.clone();
    let Source::Open(stream) = source else {
        return Err(
            Refusal::new("sessions send when they are answered, and nobody answers here")
                .help("contracts are made of traces in open loop"),
        );
    };
    let known = known_words(&plan.versions);
    let readers = readers(plan.versions, &registries.components)?;
    let mut kinds: BTreeMap<(String, Vec<String>), Case> = BTreeMap::new();
    let mut left_out = 0;
    for request in stream {
        let mut request = request?;
        let dice = Dice::new(incident.seed, request.op);
        plan.faults.arrive(&mut request, dice);
        let payload = &request.payload;
        let verdicts: Vec<String> = readers.iter().map(|r| verdict(r, &payload.raw)).collect();
        let key = (shape::text(&payload.raw, &payload.fields), verdicts);
        if kinds.len() >= KINDS && !kinds.contains_key(&key) {
            left_out += 1;
            continue;
        }
        let (shape, verdicts) = key.clone();
        let case = kinds.entry(key).or_insert_with(|| {
            let redacted = redact(&payload.raw, &known);
            let same = readers
                .iter()
                .zip(&verdicts)
                .all(|(reader, said)| word(&verdict(reader, &redacted)) == word(said));
            Case {
                shape,
                writers: vec![],
                seen: 0,
                span: (request.arrived, request.arrived),
                payload: same.then_some(redacted),
                verdicts,
            }
        });
        case.seen += 1;
        case.span.1 = request.arrived;
        let tags = tags.borrow();
        let writer = tags.client.name(request.client);
        if case.writers.len() < 4 && !case.writers.iter().any(|w| w == writer) {
            case.writers.push(writer.into());
        }
    }
    let mut cases: Vec<Case> = kinds.into_values().collect();
    let by_all = |case: &Case| case.verdicts.iter().all(|v| is_read(v));
    cases.sort_by(|a, b| (by_all(a), b.seen).cmp(&(by_all(b), a.seen)));
    Ok(Contract {
        versions: readers.iter().map(|r| r.number).collect(),
        cases,
        left_out,
    })
}

/// Words that schemas say: names of fields, and texts that a field may hold. They are the service's own, and no data.
fn known_words(specs: &[ServiceSpec]) -> BTreeSet<String> {
    fn collect(value: &Value, key: &str, words: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    if key == "fields" || key == "members" || key == "renamed" {
                        words.insert(name.clone());
                    }
                    collect(value, name, words);
                }
            }
            Value::Array(list) => list.iter().for_each(|v| collect(v, key, words)),
            Value::String(text)
                if [
                    "one_of",
                    "required",
                    "texts",
                    "numbers",
                    "version_field",
                    "renamed",
                ]
                .contains(&key) =>
            {
                words.insert(text.clone());
            }
            _ => {}
        }
    }
    let mut words = BTreeSet::new();
    for node in specs.iter().filter_map(|s| s.tree.get("service.parse")) {
        // Old names stand in the place of keys, those of today in that of texts.
        let tree = node.to_json();
        collect(&tree, "parse", &mut words);
        if let Some(Value::Object(renamed)) = tree.get("renamed") {
            words.extend(
                renamed
                    .values()
                    .filter_map(|v| Some(v.as_str()?.to_string())),
            );
        }
    }
    words
}

/// Characters of a word that are kept, as x or 1.
const WORD: usize = 12;

/// The bytes with every word that is not known replaced: letters by x, digits by 1. What holds JSON together stays.
pub fn redact(raw: &str, known: &BTreeSet<String>) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.' || !c.is_ascii();
    let mut out = String::new();
    let (mut i, mut text) = (0, false);
    while i < chars.len() {
        let c = chars[i];
        if c == '\\' && text {
            // An escape stays one.
            match chars.get(i + 1) {
                Some('u') => {
                    let end = (i + 6).min(chars.len());
                    out.push_str("\\u");
                    out.extend(chars[i + 2..end].iter().map(|_| '1'));
                    i = end;
                }
                Some(next) => {
                    out.push('\\');
                    out.push(if "\"\\/bfnrt".contains(*next) {
                        *next
                    } else {
                        'n'
                    });
                    i += 2;
                }
                None => {
                    out.push('\\');
                    i += 1;
                }
            }
            continue;
        }
        if !part(c) {
            text ^= c == '"';
            out.push(c);
            i += 1;
            continue;
        }
        let end = (i..chars.len())
            .find(|&j| !part(chars[j]))
            .unwrap_or(chars.len());
        let word: String = chars[i..end].iter().collect();
        let literal = !text && ["true", "false", "null"].contains(&word.as_str());
        if literal || known.contains(&word) || word == "json" && !text {
            out.push_str(&word);
        } else {
            for (n, c) in chars[i..end].iter().enumerate().take(WORD) {
                let around = (n.checked_sub(1).map(|p| chars[i + p]), chars.get(i + n + 1));
                let exponent = !text
                    && matches!(c, 'e' | 'E')
                    && around.0.is_some_and(|c| c.is_ascii_digit())
                    && around
                        .1
                        .is_some_and(|c| c.is_ascii_digit() || *c == '-' || *c == '+');
                out.push(match c {
                    '-' | '.' | '_' => *c,
                    _ if exponent => *c,
                    c if c.is_ascii_digit() => '1',
                    _ => 'x',
                });
            }
        }
        i = end;
    }
    out
}

/// The file of a contract: cases that a parser is checked by. Only those whose payload is read as the one that was seen.
pub fn file(contract: &Contract) -> String {
    let each = |case: &Case| {
        Some(json!({
            "payload": case.payload.as_ref()?,
            "shape": case.shape,
            "writers": case.writers,
            "seen": case.seen,
            "verdicts": contract.versions.iter().zip(&case.verdicts)
                .map(|(n, v)| (n.to_string(), Value::from(v.as_str()))).collect::<serde_json::Map<_, _>>(),
            "must": if case.must_be_read() { "read" } else { "refuse" },
        }))
    };
    let cases: Vec<Value> = contract.cases.iter().filter_map(each).collect();
    format!("{:#}\n", json!({ "contract": CONTRACT, "cases": cases }))
}

/// A case of a file.
pub struct Expected {
    /// The payload.
    pub payload: String,
    /// Its shape.
    pub shape: String,
    /// Who sends it.
    pub writers: String,
    /// Whether a parser must read it, or refuse it.
    pub read: bool,
}

/// Reads a file of cases.
///
/// # Errors
/// What is no such file.
pub fn read_file(path: &str, text: &str) -> Result<Vec<Expected>, Refusal> {
    let no = |what: String| Refusal::file(path, what).help("`gameday contract extract` writes one");
    let file: Value =
        serde_json::from_str(text).map_err(|e| no(format!("this is no JSON: {e}")))?;
    if file.get("contract").and_then(Value::as_u64) != Some(CONTRACT) {
        return Err(no("this is no contract of version 1".into()));
    }
    let cases = file.get("cases").and_then(Value::as_array);
    let cases = cases.ok_or_else(|| no("there is no list of cases".into()))?;
    let case = |(i, case): (usize, &Value)| {
        let text = |name: &str| case.get(name).and_then(Value::as_str);
        let writers = case.get("writers").and_then(Value::as_array);
        let writers = writers.into_iter().flatten().filter_map(Value::as_str);
        let (Some(payload), Some(must @ ("read" | "refuse"))) = (text("payload"), text("must"))
        else {
            return Err(no(format!(
                "case {} has no payload, or no `must` of \"read\" or \"refuse\"",
                i + 1
            )));
        };
        Ok(Expected {
            payload: payload.into(),
            shape: text("shape").unwrap_or_default().into(),
            writers: writers.collect::<Vec<_>>().join(", "),
            read: must == "read",
        })
    };
    cases.iter().enumerate().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_redacted_is_as_readable_as_before_and_says_nothing() {
        let known: BTreeSet<String> = ["prompt", "kind", "a"].map(String::from).into();
        for (raw, redacted) in [
            (
                r#"{"prompt":"my pass is hunter2","n":-40.25e-3,"kind":"a","b":true}"#,
                r#"{"prompt":"xx xxxx xx xxxxxx1","x":-11.11e-1,"kind":"a","x":true}"#,
            ),
            (
                r#"{"prompt":"tell \"him\" \u00e9ä"}"#,
                r#"{"prompt":"xxxx \"xxx\" \u1111x"}"#,
            ),
            ("Here:\n```json\n{\"a\":1}", "xxxx:\n```json\n{\"a\":1}"),
            ("{\"d\":\"2026-11-25\"", "{\"x\":\"1111-11-11\""),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(redact(raw, &known), redacted);
            let ok = |s: &str| serde_json::from_str::<Value>(s).is_ok();
            assert_eq!(ok(raw), ok(redacted), "{raw}");
        }
    }

    #[test]
    fn what_is_no_contract_is_refused() {
        for text in [
            "",
            "[]",
            "{\"contract\":2}",
            "{\"contract\":1}",
            "{\"contract\":1,\"cases\":[{}]}",
        ] {
            assert!(read_file("x", text).is_err(), "{text}");
        }
    }
}
