//! Q28: CPU at moderate traffic.

use super::{
    super::world::{Need, USUAL},
    Draft, Kind,
};

const PLAIN: Need = Need {
    cached: 0.1,
    ..USUAL
};

const fn kind(cause: &'static str, same: &'static [&'static str], draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same,
        need: PLAIN,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("regex-backtracking", &[], backtracking),
    // Where the page is the probe, replicas leave as well: one event, two names of its halves.
    kind(
        "quadratic-on-content",
        &["probe-removes-replicas"],
        on_content,
    ),
    kind("quadratic-loop", &[], pairs),
    kind("rebuilt-per-request", &[], rebuilt),
    kind("quadratic-accumulation", &[], accumulation),
    kind("repeated-serialization", &[], serialization),
    kind("json-parsed-per-layer", &[], layers),
    kind("global-lock", &[], global_lock),
    kind("lock-contention", &[], contention),
    kind("probe-removes-replicas", &[], probe),
];

/// A number that the service has at a path, with its unit left out.
fn number(d: &Draft, path: &str) -> f64 {
    match d.get(path) {
        Some(toml::Value::Integer(n)) => *n as f64,
        Some(toml::Value::String(text)) => {
            text.trim_end_matches("ms").parse::<f64>().unwrap_or(1.0)
        }
        _ => 1.0,
    }
}

/// Requests a second of each replica.
fn rate(d: &Draft) -> f64 {
    d.rate / number(d, "service.replicas").max(1.0)
}

/// How much CPU a request takes in the mean, ms, and how much the cause adds to that: from hardly visible to plain. Sites that
/// do what they should beside the guilty one, and cores enough for both in most services.
fn worked(d: &mut Draft) -> f64 {
    let own = number(d, "service.compute.p50") * 1.2;
    let more = own * d.sized(0.25, 4.0);
    // As long as calls take, workers are held for longer by that.
    let workers = number(d, "service.queue.workers") + (rate(d) * more * 3e-3).ceil();
    d.merge(&format!("[service]\nqueue = {{ workers = {workers:.0} }}"));
    if d.chance(0.6) {
        let busy = d.between(0.2, 0.55);
        let cores = (rate(d) * (own + more) * 1e-3 / busy).ceil().max(1.0) + 1.0;
        d.merge(&format!("[service]\ncpu = {{ cores = {cores:.0} }}"));
    }
    if d.chance(0.5) {
        let times = d.count(2, 5);
        d.merge(&format!(
            "[service.work.render]\nkind = \"serialize\"\nstage = \"answer\"\non = \"answer\"\ntimes = {times}"
        ));
    }
    if d.chance(0.5) {
        d.merge("[service.work.body]\nkind = \"layers\"\nstage = \"parse\"");
    }
    more
}

/// A few contents, each with its own size: what one costs is worked out once.
fn contents(d: &mut Draft, more: &str) {
    let (count, exponent) = (d.count(40, 300), d.between(0.2, 1.0));
    d.merge(&format!(
        "[trace]\ncontents = {{ count = {count}, exponent = {exponent:.2}, {more} }}"
    ));
}

/// Answers of this many bytes.
fn answers(d: &mut Draft, bytes: f64) {
    let (tokens, wide) = ((bytes / 4.0).max(20.0), d.between(1.5, 4.0));
    d.merge(&format!(
        "[trace]\noutput_tokens = {{ kind = \"lognormal\", p50 = {tokens:.0}, p99 = {:.0} }}",
        tokens * wide
    ));
}

fn backtracking(d: &mut Draft) {
    let more = worked(d);
    let share = d.log_between(3.0, 25.0);
    let length = d.count(100, 300);
    contents(d, &format!("length = {length}"));
    // About half the cube of the body's length in steps.
    let steps = libm::pow(length as f64 + 90.0, 3.0) * 0.5;
    let unit = more * 1e6 / (share / 100.0) / steps;
    let stage = d.pick(&["filter", "parse", "compute"]);
    d.merge(&format!(
        r#"
[trace.clients]
web = {{ share = {:.2}, extra = {{ q = "page=1" }} }}
exporter = {{ share = {share:.2}, extra = {{ q = "page:1" }} }}
[service.work.waf]
kind = "pattern"
stage = "{stage}"
pattern = '(?:.*.*=.*)'
unit = "{unit:.4}ns"
"#,
        100.0 - share
    ));
    d.deploy("\"service.work.waf.way\" = \"backtracking\"");
}

fn on_content(d: &mut Draft) {
    let more = worked(d);
    let (route, share) = d.pick(&[
        ("/chat", 5.0 / 9.0),
        ("/search", 3.0 / 9.0),
        ("/export", 1.0 / 9.0),
    ]);
    let (bytes, blanks) = (d.count(300, 3000), d.count(1000, 8000));
    let unit = more / share * 1e6 / (blanks as f64 * blanks as f64 / 2.0);
    d.merge(&format!(
        r#"
[trace]
items = {{ "{route}" = {{ bytes = {bytes} }} }}
[service.work.trim]
kind = "pattern"
way = "backtracking"
pattern = '\s+$'
on = "item"
unit = "{unit:.4}ns"
"#
    ));
    if d.chance(0.3) {
        let page = d.pick(&[route, "/health"]);
        d.merge(&format!("[service]\nprobe = {{ route = \"{page}\" }}"));
    }
    d.drift(
        &format!("\"trace.items\" = {{ \"{route}\" = {{ bytes = {bytes}, blanks = {blanks} }} }}"),
        &format!("\"trace.items\" = {{ \"{route}\" = {{ bytes = {bytes} }} }}"),
    );
}

fn pairs(d: &mut Draft) {
    let more = worked(d);
    // Half the square of the items in comparisons of 2 ns.
    let n = libm::sqrt(more * 1e6).max(20.0);
    let (low, high) = (n * d.between(0.1, 0.6), n * d.between(1.3, 1.8));
    contents(
        d,
        &format!("list = {{ kind = \"uniform\", low = {low:.0}, high = {high:.0} }}"),
    );
    d.merge("[service.work.dedupe]\nkind = \"distinct\"");
    d.deploy("\"service.work.dedupe.way\" = \"pairs\"");
}

fn rebuilt(d: &mut Draft) {
    let more = worked(d);
    // 12.4 µs an item.
    let n = (more / 0.0124).max(4.0);
    let (low, high) = (n * d.between(0.1, 0.6), n * d.between(1.4, 1.9));
    contents(
        d,
        &format!("list = {{ kind = \"uniform\", low = {low:.0}, high = {high:.0} }}"),
    );
    let stage = d.pick(&["parse", "compute"]);
    d.merge(&format!(
        "[service.work.validate]\nkind = \"validate\"\nstage = \"{stage}\""
    ));
    d.deploy("\"service.work.validate.way\" = \"per-item\"");
}

fn accumulation(d: &mut Draft) {
    let more = worked(d);
    let fragment = d.pick(&[64.0, 128.0, 512.0]);
    let bytes = |ms: f64| libm::sqrt(2.0 * fragment * ms * 1e6 / 1.7);
    let grows = d.chance(0.4);
    let way = if grows { "reread" } else { "append" };
    d.merge(&format!(
        "[service.work.relay]\nkind = \"stream\"\nway = \"{way}\"\nstage = \"answer\"\non = \"answer\"\nfragment = \"{fragment:.0}B\""
    ));
    if grows {
        let times = d.between(4.0, 9.0);
        let usual = number(d, "service.compute.p50") * d.between(0.1, 0.3);
        answers(d, bytes(usual));
        let share = (100.0 * more / (usual * times * times)).clamp(1.0, 40.0);
        d.fault(
            &format!("kind = \"size\", percentage = {share:.1}, output = {times:.2}"),
            false,
        );
    } else {
        answers(d, bytes(more));
        d.deploy("\"service.work.relay.way\" = \"reread\"");
    }
}

fn serialization(d: &mut Draft) {
    let more = worked(d);
    let (times, unit) = (d.count(8, 50), d.between(1.2, 10.0));
    answers(d, more * 1e6 / unit / times as f64);
    d.merge(&format!(
        "[service.work.log]\nkind = \"serialize\"\nstage = \"answer\"\non = \"answer\"\ntimes = {times}\nunit = \"{unit:.2}ns\""
    ));
    d.deploy("\"service.work.log.way\" = \"each\"");
}

fn layers(d: &mut Draft) {
    let more = worked(d);
    let (layers, unit) = (d.count(6, 25), d.between(1.8, 10.0));
    answers(d, more * 1e6 / unit / layers as f64);
    d.merge(&format!(
        "[service.work.middleware]\nkind = \"layers\"\nstage = \"answer\"\non = \"answer\"\nlayers = {layers}\nunit = \"{unit:.2}ns\""
    ));
    d.deploy("\"service.work.middleware.way\" = \"each\"");
}

/// A service whose own work would use so much of one core, and as many workers as that takes.
fn computes(d: &mut Draft, of_one: f64) -> f64 {
    let ms = of_one * 1e3 / rate(d);
    let workers = number(d, "service.queue.workers") + (of_one * 6.0).ceil() + 8.0;
    d.merge(&format!("[service]\nqueue = {{ workers = {workers:.0} }}"));
    ms
}

fn global_lock(d: &mut Draft) {
    let busy = d.sized(0.35, 0.9);
    let ms = computes(d, busy);
    let cores = d.count(3, 8);
    d.merge(&format!(
        "[service]\ncompute = {{ kind = \"lognormal\", p50 = \"{:.3}ms\", p99 = \"{:.3}ms\" }}\ncpu = {{ cores = {cores}, threads = {cores}, processes = {cores}, gil = true }}",
        ms * 0.9,
        ms * 2.2
    ));
    d.deploy("\"service.cpu.processes\" = 1");
}

fn contention(d: &mut Draft) {
    let busy = d.sized(0.35, 0.9);
    let ms = computes(d, busy);
    let cores = d.count(3, 8);
    answers(d, 8000.0);
    // Answers spread: their mean is a little above their median.
    let unit = ms * 1e6 / 8800.0;
    d.merge(&format!(
        "[service]\ncpu = {{ cores = {cores} }}\n[service.work.index]\nkind = \"scan\"\nstage = \"answer\"\non = \"answer\"\nunit = \"{unit:.2}ns\""
    ));
    d.deploy("\"service.work.index.lock\" = \"index\"");
}

fn probe(d: &mut Draft) {
    let (replicas, every) = (d.count(3, 6), d.count(2, 8));
    d.merge(&format!(
        "[service]\nreplicas = {replicas}\nprobe = {{ route = \"/health\", every = \"{every}s\" }}"
    ));
    let share = d.sized(45.0, 95.0);
    d.fault(
        &format!("kind = \"probe-failure\", percentage = {share:.0}"),
        false,
    );
}
