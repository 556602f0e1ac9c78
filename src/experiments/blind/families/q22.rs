//! Q22: errors after a change of parser or payload.

use super::{
    super::{draft::Onset, world::USUAL},
    Draft, Kind,
};

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("missing-field", missing_field),
    kind("type-strictness", type_strictness),
    kind("enum-drift", enum_drift),
    kind("strict-parser-first", strict_parser_first),
    kind("wrapped-output", wrapped_output),
    kind("payload-truncated", payload_truncated),
    kind("stream-assembly-regression", stream_assembly),
    kind("schema-mismatch", schema_mismatch),
    kind("format-drift", format_drift),
];

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        need: USUAL,
        draw,
    }
}

/// A version of clients: its name as conditions have it, and its share in percent.
struct Client {
    name: &'static str,
    label: String,
}

/// What the payloads of a service look like, and the reader that reads them.
struct Reader {
    /// Clients that are as they should be.
    others: Vec<Client>,
    /// The one that is not, or will not be: with a share that is drawn by size.
    odd: Client,
    share: f64,
}

const DAY: &str = "2026-11-25";

/// Clients that send the same in their own forms, and a reader that takes all of them. `lacks` is what the odd one does not
/// send; `id` is how it writes the user's id; `more` are further fields of all of them, `rules` those of the reader.
fn reader(d: &mut Draft, odd: &str, lacks: bool, more: &str, rules: &str, options: &str) -> Reader {
    let share = d.sized(2.5, 35.0);
    let mut names = ["web", "sdk", "app", "cli", "jobs"];
    let first = d.count(0, 4) as usize;
    names.swap(0, first);
    let others = d.count(1, 3) as usize;
    let mut all = vec![];
    let mut text = String::from("[trace.clients]\n");
    for (k, name) in names.iter().take(others + 1).enumerate() {
        let version = d.count(1, 40);
        let weight = if k == 0 {
            share
        } else {
            (100.0 - share) / others as f64
        };
        let session = if k == 0 && lacks {
            String::new()
        } else {
            format!("session = \"s-{version}\", ")
        };
        let id = if k == 0 && !odd.is_empty() {
            odd.to_string()
        } else {
            format!("user_id = \"u-{version}\"")
        };
        let members = d.log_between(1.0, 14.0) as usize;
        let list = (0..members.max(1))
            .map(|i| format!("{{ kind = \"{}\" }}", ["text", "image", "tool"][i % 3]))
            .collect::<Vec<_>>()
            .join(", ");
        let defects = if d.chance(0.3) {
            format!(
                ", defects = {{ truncated = \"{:.2}%\" }}",
                d.between(0.02, 0.3)
            )
        } else {
            String::new()
        };
        text += &format!(
            "{name} = {{ share = {weight:.2}, version = \"{version}\", extra = {{ {id}, {session}day = \"{DAY}\", mode = \"fast\", items = [{list}]{more} }}{defects} }}\n"
        );
        all.push(Client {
            name,
            label: format!("{name} {version}"),
        });
    }
    d.merge(&text);
    let took = d.log_between(20.0, 400.0);
    // A field that nobody needs is passed over, in some services.
    let day = if d.chance(0.5) && !rules.contains(" day = ") {
        ", day = { type = \"text\", required = false }"
    } else {
        ""
    };
    d.merge(&format!(
        "[service]\nparse = {{ kind = \"schema-json\", version = 1, time = \"{took:.0}us\", shapes = true{options}, fields = {{ prompt = \"text\", user_id = {{ type = \"text\", coerce = true }}, session = {{ type = \"text\", required = false }}{day}, mode = {{ type = \"text\", required = false, one_of = [\"fast\", \"deep\", \"off\"] }}, temperature = {{ type = \"number\", default = 0.2 }}, top_p = {{ type = \"number\", required = false }}, items = {{ type = \"list\", required = false, members = {{ kind = {{ type = \"text\", one_of = [\"text\", \"image\", \"tool\"] }} }} }}{rules} }} }}"
    ));
    let odd = all.remove(0);
    Reader {
        others: all,
        odd,
        share,
    }
}

/// The deploy of a second version of the reader, at once, replica by replica, or for a part of the requests first.
fn second_version(d: &mut Draft, set: &str) {
    d.onset = Onset::Step;
    let set = format!("\"service.parse.version\" = 2, {set}");
    match d.count(0, 3) {
        0 => {
            let part = d.between(25.0, 60.0);
            d.deployed(&set, &format!("canary = \"{part:.0}%\""));
        }
        _ => d.deploy(&set),
    }
}

/// A fault of what some client sends, of all of it or of a part.
fn payload(d: &mut Draft, options: &str, ramps: bool) {
    if !ramps {
        d.onset = Onset::Step;
    }
    d.fault(&format!("kind = \"payload\", {options}"), ramps);
}

fn of(client: &Client) -> String {
    format!("where = 'client == \"{}\"'", client.label)
}

fn missing_field(d: &mut Draft) {
    match d.count(0, 2) {
        0 => {
            reader(d, "", true, "", "", "");
            second_version(d, "\"service.parse.fields.session\" = \"text\"");
        }
        1 => {
            reader(d, "", false, "", "", "");
            let part = d.sized(1.5, 25.0);
            let field = d.pick(&["user_id", "prompt"]);
            payload(
                d,
                &format!("change = \"drop\", field = \"{field}\", percentage = {part:.2}"),
                true,
            );
        }
        _ => {
            let r = reader(d, "", false, "", "", "");
            payload(
                d,
                &format!("change = \"drop\", field = \"user_id\", {}", of(&r.odd)),
                false,
            );
        }
    }
}

fn type_strictness(d: &mut Draft) {
    if d.chance(0.6) {
        reader(d, "user_id = 4711", false, "", "", "");
        second_version(d, "\"service.parse.fields.user_id.coerce\" = false");
    } else {
        reader(
            d,
            "user_id = \"u-1\", limit = \"10\"",
            false,
            "",
            ", limit = { type = \"integer\", required = false, coerce = true }",
            "",
        );
        second_version(d, "\"service.parse.fields.limit.coerce\" = false");
    }
}

fn enum_drift(d: &mut Draft) {
    let r = reader(d, "", false, "", "", "");
    match d.count(0, 3) {
        0 => {
            let part = d.sized(0.6, 12.0);
            payload(
                d,
                &format!(
                    "change = \"enum\", list = \"items\", field = \"kind\", value = \"video\", share = \"{part:.2}%\""
                ),
                true,
            );
        }
        1 => {
            let part = d.sized(3.0, 40.0);
            payload(
                d,
                &format!(
                    "change = \"enum\", by = \"tenant\", share = \"{part:.1}%\", field = \"mode\", value = \"auto\""
                ),
                true,
            );
        }
        2 => {
            let part = d.sized(1.5, 25.0);
            payload(
                d,
                &format!(
                    "change = \"enum\", field = \"mode\", value = \"auto\", percentage = {part:.2}"
                ),
                true,
            );
        }
        _ => payload(
            d,
            &format!(
                "change = \"enum\", field = \"mode\", value = \"auto\", {}",
                of(&r.odd)
            ),
            false,
        ),
    }
}

fn strict_parser_first(d: &mut Draft) {
    let follow = |d: &mut Draft, r: &Reader| {
        // Its users change over to what the others send, in steps, the last of them perhaps never.
        let length = d.to.unwrap_or(d.seconds) - d.from;
        let (half, late) = (d.between(0.25, 0.45), d.between(0.55, 0.7));
        let (some, few) = (d.between(0.3, 0.6), d.between(0.0, 0.2));
        for (when, left) in [(half, some), (late, few)] {
            let (odd, rest) = (r.share * left, 100.0 - r.share * left);
            let each = rest / r.others.len() as f64;
            let mut set = format!("\"trace.clients.{}.share\" = {odd:.2}", r.odd.name);
            for other in &r.others {
                set += &format!(", \"trace.clients.{}.share\" = {each:.2}", other.name);
            }
            let at = super::super::draft::time(d.from + length * when);
            d.innocent(&format!("at = {at:?}, drift = {{ set = {{ {set} }} }}"));
        }
    };
    match d.count(0, 3) {
        0 => {
            let r = reader(d, "", true, "", "", "");
            follow(d, &r);
            second_version(d, "\"service.parse.fields.session\" = \"text\"");
        }
        1 => {
            let r = reader(d, "user_id = 4711", false, "", "", "");
            follow(d, &r);
            second_version(d, "\"service.parse.fields.user_id.coerce\" = false");
        }
        2 => {
            reader(
                d,
                "user_id = \"u-1\", trace_id = \"t\"",
                false,
                "",
                ", day = { type = \"text\", required = false }",
                "",
            );
            second_version(d, "\"service.parse.unknown\" = \"refuse\"");
        }
        _ => {
            reader(
                d,
                "user_id = \"u-1\", level = \"low\"",
                false,
                "",
                ", level = { type = \"text\", required = false }",
                "",
            );
            second_version(
                d,
                "\"service.parse.fields.level\" = { type = \"text\", required = false, one_of = [\"mid\", \"high\"] }",
            );
        }
    }
}

/// A model whose answers are read, in the place of payloads. `more` are options of that reader.
fn output(d: &mut Draft, more: &str) {
    let took = d.log_between(20.0, 400.0);
    let dependency = d.dependency;
    d.merge(&format!(
        "[service.call]\nparse_output = {{ kind = \"schema-json\", time = \"{took:.0}us\", shapes = true{more}, fields = {{ answer = \"text\", citations = {{ type = \"list\", required = false }} }} }}\n[dependency.{dependency}]\noutput = {{ fields = {{ answer = \"It is so.\", citations = [1, 3] }} }}"
    ));
}

fn wrapped_output(d: &mut Draft) {
    let part = d.sized(1.6, 20.0);
    let default = if d.chance(0.4) {
        ", on_failure = \"default\""
    } else {
        ""
    };
    let more = format!(", repair = \"none\"{default}");
    if d.chance(0.4) {
        reader(d, "", false, "", "", &more);
        payload(
            d,
            &format!("change = \"wrap\", percentage = {part:.2}"),
            true,
        );
        return;
    }
    output(d, &more);
    let dependency = d.dependency;
    // Where answers are kept by the name of the model, a new one is a second cause.
    if d.chance(0.5) && d.get("service.cache").is_none() {
        // A new version of the model, which wraps what the one before did not.
        d.onset = Onset::Step;
        d.remove("trace.models");
        d.merge("[trace]\nmodels = { m-1 = 1 }");
        d.drift(
            "\"trace.models\" = { m-2 = 1 }",
            "\"trace.models\" = { m-1 = 1 }",
        );
        d.fault(
            &format!("kind = \"output\", target = \"{dependency}\", change = \"wrap\", percentage = {part:.2}, where = 'model == \"m-2\"'"),
            false,
        );
    } else {
        d.fault(
            &format!("kind = \"output\", target = \"{dependency}\", change = \"wrap\", percentage = {part:.2}"),
            true,
        );
    }
}

/// The value that a share of a log-normal number lies above: `share` of 0 to 0.4.
pub(super) fn above(d: &Draft, path: &str, share: f64) -> f64 {
    let number = |name: &str| {
        let value = d.get(&format!("{path}.{name}"));
        value.and_then(toml::Value::as_integer).unwrap_or(100) as f64
    };
    let (p50, p99) = (number("p50"), number("p99"));
    let sigma = libm::log(p99 / p50) / 2.326;
    // The upper quantile of the normal law, by Abramowitz and Stegun 26.2.22.
    let t = libm::sqrt(-2.0 * libm::log(share));
    let z = t - (2.30753 + 0.27061 * t) / (1.0 + 0.99229 * t + 0.04481 * t * t);
    p50 * libm::exp(sigma * z)
}

fn payload_truncated(d: &mut Draft) {
    let part = d.sized(0.02, 0.3);
    match d.count(0, 2) {
        0 => {
            reader(d, "", false, "", "", "");
            let more = above(d, "trace.input_tokens", part);
            payload(
                d,
                &format!("change = \"truncate\", where = 'input_tokens > {more:.0}'"),
                true,
            );
        }
        1 => {
            output(d, "");
            let more = above(d, "trace.output_tokens", part);
            let dependency = d.dependency;
            d.fault(
                &format!("kind = \"output\", target = \"{dependency}\", change = \"truncate\", where = 'output_tokens > {more:.0}'"),
                true,
            );
        }
        _ => {
            // A limit of bytes that one client's bodies are above.
            let note = "x".repeat(d.count(300, 2000) as usize);
            reader(
                d,
                &format!("user_id = \"u-1\", note = \"{note}\""),
                false,
                "",
                ", note = { type = \"text\", required = false }",
                "",
            );
            let limit = d.between(280.0, 290.0) + 0.5 * note.len() as f64;
            payload(
                d,
                &format!("change = \"truncate\", value = {limit:.0}"),
                false,
            );
        }
    }
}

fn stream_assembly(d: &mut Draft) {
    let percent = d.sized(6.0, 30.0);
    d.size = 0.4 + 0.6 * d.size;
    let r = reader(d, "", false, "", "", "");
    let whose = of(&r.odd);
    if d.chance(0.5) {
        payload(
            d,
            &format!("change = \"splice\", {whose}, percentage = {percent:.2}"),
            true,
        );
        return;
    }
    output(d, "");
    let dependency = d.dependency;
    d.fault(
        &format!("kind = \"output\", target = \"{dependency}\", change = \"splice\", {whose}, percentage = {percent:.2}"),
        true,
    );
}

fn schema_mismatch(d: &mut Draft) {
    match d.count(0, 3) {
        0 => {
            let r = reader(d, "", false, "", "", "");
            payload(
                d,
                &format!(
                    "change = \"rename\", field = \"user_id\", value = \"account\", {}",
                    of(&r.odd)
                ),
                false,
            );
        }
        1 => {
            // The writer's schema has another type.
            let r = reader(d, "", false, "", "", "");
            payload(
                d,
                &format!(
                    "change = \"retype\", field = \"{}\", {}",
                    "items",
                    of(&r.odd)
                ),
                false,
            );
        }
        2 => {
            // A reader that takes what it knows alone, and a writer that adds a field.
            let r = reader(
                d,
                "",
                false,
                "",
                ", day = { type = \"text\", required = false }",
                ", unknown = \"refuse\"",
            );
            payload(
                d,
                &format!(
                    "change = \"enum\", field = \"trace_id\", value = \"t\", {}",
                    of(&r.odd)
                ),
                false,
            );
        }
        _ => {
            // The reader calls it another name, which some writers know already.
            let r = reader(d, "", false, "", "", "");
            for other in &r.others {
                d.merge(&format!(
                    "[trace.clients.{}.extra]\naccount = \"a-1\"",
                    other.name
                ));
            }
            second_version(
                d,
                "\"service.parse.fields\" = { prompt = \"text\", account = \"text\", session = { type = \"text\", required = false }, mode = { type = \"text\", required = false }, temperature = { type = \"number\", default = 0.2 }, items = { type = \"list\", required = false } }",
            );
        }
    }
}

fn format_drift(d: &mut Draft) {
    let (field, rule, form) = d.pick(&[
        (
            "day",
            "{ type = \"text\", required = false, format = \"date\" }",
            "{}T00:00:00Z",
        ),
        (
            "zone",
            "{ type = \"text\", required = false, format = \"digits\" }",
            "+{}",
        ),
    ]);
    if d.chance(0.3) {
        super::q29::items_of_a_form(d);
        return;
    }
    let zone = if field == "zone" {
        ", zone = \"0200\""
    } else {
        ""
    };
    let r = reader(d, "", false, zone, &format!(", {field} = {rule}"), "");
    if d.chance(0.5) {
        payload(
            d,
            &format!(
                "change = \"format\", field = \"{field}\", value = \"{form}\", {}",
                of(&r.odd)
            ),
            false,
        );
    } else {
        let part = d.sized(1.5, 25.0);
        payload(
            d,
            &format!(
                "change = \"format\", field = \"{field}\", value = \"{form}\", percentage = {part:.2}"
            ),
            true,
        );
    }
}
