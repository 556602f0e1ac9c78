//! What every sound key keeps, and which law each flaw breaks.

use super::{FLAWS, KeyTemplate, Material, Tag};
use crate::config::{Node, Source};
use proptest::prelude::*;

/// A key of everything that decides an answer.
const SOUND: &str = "fields = [\"tenant\", \"model\", \"prompt\", \"temperature\", \"top_p\", \"tools\", \"revision\"]";

#[derive(Clone)]
struct Asked {
    raw: String,
    fields: Vec<(String, serde_json::Value)>,
    id: u64,
    tenant: u64,
    model: u64,
    revision: u64,
}

/// The same question in its plainest form.
fn asked(prompt: &str) -> Asked {
    body(&format!(
        "{{\"prompt\":{prompt:?},\"temperature\":0.7,\"top_p\":0.9,\"tools\":[\"search\"]}}"
    ))
}

fn body(raw: &str) -> Asked {
    let fields = match serde_json::from_str(raw) {
        Ok(serde_json::Value::Object(map)) => map.into_iter().collect(),
        _ => vec![],
    };
    Asked {
        raw: raw.into(),
        fields,
        id: 7,
        tenant: 1,
        model: 2,
        revision: 3,
    }
}

impl Asked {
    fn with(mut self, field: &str, value: serde_json::Value) -> Asked {
        for (name, old) in &mut self.fields {
            if name == field {
                *old = value.clone();
            }
        }
        self
    }
}

impl Material for Asked {
    fn tag(&self, tag: Tag) -> u64 {
        match tag {
            Tag::Tenant => self.tenant,
            Tag::Model => self.model,
            _ => 0,
        }
    }
    fn request_id(&self) -> u64 {
        self.id
    }
    fn arrived(&self) -> u64 {
        self.id * 61_000_000_000
    }
    fn fields(&self) -> &[(String, serde_json::Value)] {
        &self.fields
    }
    fn raw(&self) -> &str {
        &self.raw
    }
    fn revision(&self) -> u64 {
        self.revision
    }
    fn memo(&self, _: u64, make: &mut dyn FnMut() -> u64) -> u64 {
        make()
    }
}

/// Of a key, about a prompt.
type Law = fn(&KeyTemplate, &str) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "another_models_answer_has_another_key",
        another_models_answer_has_another_key,
    ),
    (
        "another_tenants_answer_has_another_key",
        another_tenants_answer_has_another_key,
    ),
    (
        "other_parameters_have_another_key",
        other_parameters_have_another_key,
    ),
    ("other_tools_have_another_key", other_tools_have_another_key),
    ("a_rollout_has_other_keys", a_rollout_has_other_keys),
    (
        "equal_content_has_one_key_however_it_is_written",
        equal_content_has_one_key_however_it_is_written,
    ),
    (
        "who_asks_again_has_the_same_key",
        who_asks_again_has_the_same_key,
    ),
    ("a_restart_keeps_the_keys", a_restart_keeps_the_keys),
];

fn apart(key: &KeyTemplate, a: &Asked, b: &Asked) -> Result<(), String> {
    match key.key(a, 1) == key.key(b, 1) {
        true => Err("one key for both".into()),
        false => Ok(()),
    }
}

fn alike(a: u64, b: u64) -> Result<(), String> {
    match a == b {
        true => Ok(()),
        false => Err("two keys for the same".into()),
    }
}

fn another_models_answer_has_another_key(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    apart(
        key,
        &a,
        &Asked {
            model: 9,
            ..a.clone()
        },
    )
}

fn another_tenants_answer_has_another_key(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    apart(
        key,
        &a,
        &Asked {
            tenant: 9,
            ..a.clone()
        },
    )
}

fn other_parameters_have_another_key(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    apart(key, &a, &a.clone().with("temperature", 0.1.into()))?;
    apart(key, &a, &a.clone().with("top_p", 0.5.into()))
}

fn other_tools_have_another_key(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    apart(key, &a, &a.clone().with("tools", vec!["shell"].into()))
}

fn a_rollout_has_other_keys(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    apart(
        key,
        &a,
        &Asked {
            revision: 4,
            ..a.clone()
        },
    )
}

fn equal_content_has_one_key_however_it_is_written(
    key: &KeyTemplate,
    prompt: &str,
) -> Result<(), String> {
    let a = asked(prompt);
    let other = body(&format!(
        "{{ \"tools\": [\"search\"], \"top_p\": 0.90, \"temperature\": 7e-1, \"prompt\": {prompt:?} }}"
    ));
    alike(key.key(&a, 1), key.key(&other, 1))
}

fn who_asks_again_has_the_same_key(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    let again = Asked { id: 8, ..a.clone() };
    alike(key.key(&a, 1), key.key(&again, 1))
}

fn a_restart_keeps_the_keys(key: &KeyTemplate, prompt: &str) -> Result<(), String> {
    let a = asked(prompt);
    alike(key.key(&a, 1), key.key(&a, 2))
}

fn template(options: &str) -> KeyTemplate {
    let mut node = Node::parse(&Source::new("key.toml", SOUND)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    node.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    KeyTemplate::read(&node).unwrap()
}

proptest! {
    #[test]
    fn a_sound_key_keeps_every_law(prompt in "[a-zA-Z0-9 ,.?!]{0,40}") {
        for (name, law) in LAWS {
            if let Err(wrong) = law(&template(""), &prompt) {
                panic!("{name}: {wrong} for {prompt:?}");
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(&template(flaw.options), "How warm is it?");
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}
