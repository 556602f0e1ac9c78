//! `gameday lab`: experiments that are no replay of an incident, or more than one.

use super::{
    Done, find,
    output::{Stdout, print},
    trace::ShapeArgs,
    which::WhichArgs,
};
use crate::{
    components::{keys::Tag, parser::compat::Mode},
    config::{Count, Node, Rate, Read, Refusal, Share, Source},
    experiments::{leak, limiter, schema, structures, work},
    incident::{self, Incident, Overlay, Registries, RunOptions},
    recording::Keep,
    trace::{Request, Tags},
};
use clap::{Args, Subcommand};
use indexmap::IndexMap;
use std::{path::PathBuf, process::ExitCode};

#[derive(Args)]
pub struct LabArgs {
    #[command(subcommand)]
    lab: Lab,
}

#[derive(Subcommand)]
enum Lab {
    /// Which data structure holds the p95 that an operation may cost, on this machine. Exits with 1 when at some size none does.
    Structures(StructuresArgs),
    /// Leak, filling cache or fragmentation: live bytes and objects by component over an incident. Exits with 1 when something leaks.
    #[command(mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")))]
    Leak(Box<WhichArgs>),
    /// What limit a traffic needs: the least burst for each rate, key by key, and what a limit would refuse.
    Limiter(Box<LimiterArgs>),
    /// Whether a new schema can be rolled out beside earlier ones: what breaks which way, with a payload that shows it. Exits with 1 when something does.
    Schema(SchemaArgs),
    /// What a unit of metered work costs on this machine beside what the library states, and how units grow with size, way by way.
    Work(WorkArgs),
}

#[derive(Args)]
struct WorkArgs {
    /// One kind alone, such as stream.
    #[arg(long)]
    kind: Option<String>,
    /// Times that each text is worked on; the shortest counts.
    #[arg(long)]
    samples: Option<usize>,
}

#[derive(Args)]
struct LimiterArgs {
    /// A trace file, or an incident file (*.toml) with a trace.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// What the limit is per: tenant, user, address, route, ...; nothing is one limit for all.
    #[arg(long, value_delimiter = ',', default_value = "tenant")]
    key: Vec<String>,
    /// The rate of the limit, such as 5/s; left out, one is proposed.
    #[arg(long, value_name = "RATE")]
    limit: Option<String>,
    /// The burst of the limit; left out, the least is proposed that refuses no more than allowed.
    #[arg(long)]
    burst: Option<u64>,
    /// Share of the requests that may be refused.
    #[arg(long, default_value = "0.1%", value_name = "SHARE")]
    allow: String,
    /// The kind of limiter.
    #[arg(long, default_value = "token-bucket")]
    kind: String,
    #[command(flatten)]
    shape: ShapeArgs,
    /// How the numbers are shown.
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

#[derive(Args)]
struct SchemaArgs {
    /// Versions, the newest last: JSON Schemas, incidents whose parser has a schema, or TOML files with its `fields`.
    #[arg(required = true, num_args = 2.., value_name = "OLD... NEW")]
    versions: Vec<String>,
    /// What has to hold.
    #[arg(long, default_value = "full", value_name = "backward|forward|full")]
    mode: String,
}

#[derive(Args)]
struct StructuresArgs {
    /// Live entries, such as 1k,10k,100k.
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<String>,
    /// Keys that one request asks for.
    #[arg(long)]
    batch: Option<usize>,
    /// Batches measured for each candidate and size.
    #[arg(long)]
    samples: Option<usize>,
    /// Zipf exponent of the keys; 0 is uniform.
    #[arg(long)]
    exponent: Option<f64>,
    /// Time that a batch may take at its p95, such as lookup=1.5ms,top-k=4ms.
    #[arg(long, default_value = "")]
    budget: String,
    /// Seed of the keys.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(args: &LabArgs, out: &mut Stdout) -> Done {
    match &args.lab {
        Lab::Structures(args) => structures(args, out),
        Lab::Leak(which) => leak(which, out),
        Lab::Limiter(args) => limiter(args, out),
        Lab::Schema(args) => schema(args, out),
        Lab::Work(args) => work(args, out),
    }
}

/// A count as people write it.
fn count(text: &str) -> Result<usize, Refusal> {
    let toml = format!("size = \"{}\"", text.trim().escape_default());
    let file = Node::parse(&Source::new("--sizes", toml))?;
    let count = match file.get("size") {
        Some(node) => Count::read(node)?,
        None => Count(0),
    };
    Ok(usize::try_from(count.0).unwrap_or(usize::MAX))
}

fn structures(args: &StructuresArgs, out: &mut Stdout) -> Done {
    let mut options = structures::Options::default();
    if !args.sizes.is_empty() {
        options.sizes = args
            .sizes
            .iter()
            .map(|s| count(s))
            .collect::<Result<_, _>>()?;
    }
    options.batch = args.batch.unwrap_or(options.batch);
    options.samples = args.samples.unwrap_or(options.samples);
    options.exponent = args.exponent.unwrap_or(options.exponent);
    options.seed = args.seed.unwrap_or(options.seed);
    options.set_budgets(&args.budget)?;
    let rows = structures::run(&options, &mut clock())?;
    print(out, &structures::render(&rows, &options))?;
    let none = structures::Operation::ALL.iter().any(|&operation| {
        let verdict = |&size: &usize| structures::verdict(&rows, operation, size).is_none();
        options.sizes.iter().any(verdict)
    });
    Ok(ExitCode::from(u8::from(none)))
}

/// ns of this machine since now.
fn clock() -> impl FnMut() -> u64 {
    #[expect(
        clippy::disallowed_types,
        reason = "the lab measures this machine, outside of any run"
    )]
    let start = std::time::Instant::now();
    move || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn work(args: &WorkArgs, out: &mut Stdout) -> Done {
    let mut options = work::Options {
        kind: args.kind.clone(),
        ..Default::default()
    };
    options.samples = args.samples.unwrap_or(options.samples);
    let rows = work::run(&options, &mut clock())?;
    print(out, &work::render(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn schema(args: &SchemaArgs, out: &mut Stdout) -> Done {
    let mode = Mode::read(&Node::parse_value(&Source::new(
        "--mode",
        format!("\"{}\"", args.mode.escape_default()),
    ))?)?;
    let mut versions = vec![];
    for name in &args.versions {
        let (path, text) = find::incident(name)?;
        versions.push(schema::read(&path.to_string_lossy(), &text)?);
    }
    let comparisons = schema::compare(&versions);
    print(out, &schema::render(&versions, &comparisons))?;
    let holds = comparisons.iter().all(|one| one.holds(mode));
    Ok(ExitCode::from(u8::from(!holds)))
}

/// An argument as a value of a file.
fn argument<T: Read>(name: &str, text: &str) -> Result<T, Refusal> {
    let source = Source::new(name, format!("\"{}\"", text.escape_default()));
    T::read(&Node::parse_value(&source)?)
}

/// What a limit per these tags calls a request.
fn key_name(tags: &[Tag], r: &Request, names: &Tags) -> String {
    let name = |tag: &Tag| match tag {
        Tag::Tenant => names.tenant.name(r.tenant),
        Tag::User => names.user.name(r.user),
        Tag::Route => names.route.name(r.route),
        Tag::Region => names.region.name(r.region),
        Tag::Class => names.class.name(r.class),
        Tag::Client => names.client.name(r.client),
        Tag::Model => names.model.name(r.model),
        Tag::Address => names.address.name(r.address),
    };
    tags.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn limiter(args: &LimiterArgs, out: &mut Stdout) -> Done {
    let tags: Vec<Tag> = args
        .key
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| argument("--key", name))
        .collect::<Result<_, _>>()?;
    let question = limiter::Question {
        kind: args.kind.clone(),
        rate: match &args.limit {
            Some(text) => Some(argument::<Rate>("--limit", text)?.0),
            None => None,
        },
        burst: args.burst,
        allow: argument::<Share>("--allow", &args.allow)?.0,
    };
    let (spec, seed) = super::trace::spec(&args.trace, &args.shape)?;
    let mut stream = super::trace::open(&spec, seed)?;
    let names = stream.tags().clone();
    let mut keys: IndexMap<String, Vec<u64>> = IndexMap::new();
    for request in &mut stream {
        let request = request?;
        let name = key_name(&tags, &request, &names.borrow());
        keys.entry(name).or_default().push(request.arrived);
    }
    let keys: Vec<limiter::Key> = keys
        .into_iter()
        .map(|(name, arrived)| limiter::Key { name, arrived })
        .collect();
    let tuning = limiter::tune(&keys, &question)?;
    let names: Vec<String> = tags.iter().map(|tag| tag.word().to_string()).collect();
    match args.format.as_str() {
        "json" => print(out, &format!("{:#}\n", limiter::json(&tuning, &names)))?,
        _ => print(out, &limiter::text(&tuning, &names))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn leak(which: &WhichArgs, out: &mut Stdout) -> Done {
    let registries = Registries::builtin();
    let (path, text) = find::incident(&which.incident)?;
    let overrides = which.shape.overrides(which.trace.clone());
    let mut overlay = Overlay {
        variant: which.variant.clone(),
        set: which.set.clone(),
        seed: which.shape.seed,
        healthy: which.healthy,
        no_fix: which.no_fix,
        fix_steps: which.fix_steps,
    };
    let mut incident = Incident::read(&path, &text, &overlay, &overrides, &registries)?;
    if incident.service.memory.is_none() {
        overlay.set.push("service.memory={}".into());
        incident = Incident::read(&path, &text, &overlay, &overrides, &registries)?;
    }
    let options = RunOptions {
        keep: Keep::NoRows,
        progress: None,
    };
    let run = incident::run(&incident, &registries, &options)?;
    print(out, &leak::render(&run.recording, run.length))?;
    let leaks = |site: &leak::Site| site.trend.growth == leak::Growth::Leak;
    let leaky = leak::examine(&run.recording).iter().any(leaks);
    Ok(ExitCode::from(u8::from(leaky)))
}
