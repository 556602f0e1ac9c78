//! `gameday trace`: looks at a trace, converts one into our own formats, or generates one.

use crate::{
    config::{At, Node, Refusal, Source as Text, Value},
    trace::{Overrides, Source, Stream, Summary, TraceSpec, Writer},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Look at, convert and generate traces.
#[derive(clap::Args, Debug)]
pub struct TraceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Show a trace in numbers: rates, fields, repeats, sizes, tenants.
    Inspect {
        /// A trace file, or an incident file (*.toml) with a trace.
        file: PathBuf,
        #[command(flatten)]
        shape: ShapeArgs,
        /// How the numbers are shown.
        #[arg(long, value_parser = ["text", "json"], default_value = "text")]
        format: String,
    },
    /// Write a trace in our own format: the output's name says which (.csv, .jsonl, and .gz or .zst behind it).
    Convert {
        /// A trace file, or an incident file (*.toml) with a trace.
        from: PathBuf,
        /// The file to write.
        to: PathBuf,
        #[command(flatten)]
        shape: ShapeArgs,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Generate a trace by an incident's [trace] table, or by options.
    Generate(Generate),
}

#[derive(clap::Args, Debug)]
struct Generate {
    /// The file to write.
    to: PathBuf,
    /// An incident file (*.toml) whose [trace] is generated.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Arrival process: poisson, constant, gamma, bursts, diurnal, flash-crowd. --rate is its rate.
    #[arg(long)]
    kind: Option<String>,
    /// How long, such as 1h.
    #[arg(long)]
    duration: Option<String>,
    /// How many tenants.
    #[arg(long)]
    tenants: Option<String>,
    /// How many users each tenant has.
    #[arg(long)]
    users: Option<String>,
    /// How many different contents.
    #[arg(long)]
    contents: Option<String>,
    /// Zipf exponent of their popularity.
    #[arg(long)]
    exponent: Option<String>,
    /// Any other option of the [trace] table, such as models.large=1.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// What is done to a trace on its way, and the dice.
#[derive(clap::Args, Debug, Default)]
pub struct ShapeArgs {
    /// How many times as fast, such as 2x.
    #[arg(long)]
    speed: Option<String>,
    /// Mean rate, such as 500/s: gaps are scaled.
    #[arg(long)]
    rate: Option<String>,
    /// The first so many requests, or so much time.
    #[arg(long)]
    take: Option<String>,
    /// Which requests, such as 'tenant == "acme" and input_tokens > 1000'.
    #[arg(long)]
    filter: Option<String>,
    /// How many times over.
    #[arg(long = "loop", value_name = "TIMES")]
    laps: Option<String>,
    /// Times may go back by this much, such as 5s; the rows are put in order.
    #[arg(long)]
    reorder: Option<String>,
    /// Leave bad rows out, and count them.
    #[arg(long)]
    lenient: bool,
    /// Which names of any CSV or JSONL are what, such as arrived=ts:ms,tenant=account.id.
    #[arg(long, value_name = "COLUMN=NAME,...")]
    map: Option<String>,
    /// Columns whose values become keyed digests, such as tenant,user.
    #[arg(long, value_name = "COLUMNS")]
    hash: Option<String>,
    /// The file with the key of these digests; without, the environment variable GAMEDAY_HASH_KEY.
    #[arg(long, value_name = "FILE")]
    hash_key_file: Option<String>,
    /// Rows of one time are spread over so long, such as 1s; access logs are anyway.
    #[arg(long)]
    spread: Option<String>,
    /// The unit of the time at the end of an access log's rows: s, ms, us, ignored.
    #[arg(long, value_name = "UNIT")]
    request_time: Option<String>,
    /// Numbers in the paths of an access log become one placeholder, long ids another.
    #[arg(long)]
    fold_paths: bool,
    /// Seed of all dice. An incident file has its own.
    #[arg(long)]
    pub seed: Option<u64>,
}

impl ShapeArgs {
    /// As overrides of a trace; `trace` is a file in its place.
    pub fn overrides(&self, trace: Option<PathBuf>) -> Overrides {
        Overrides {
            trace,
            speed: self.speed.clone(),
            rate: self.rate.clone(),
            take: self.take.clone(),
            filter: self.filter.clone(),
            laps: self.laps.clone(),
            reorder: self.reorder.clone(),
            lenient: self.lenient,
            map: self.map.clone(),
            hash: self.hash.clone(),
            hash_key_file: self.hash_key_file.clone(),
            spread: self.spread.clone(),
            request_time: self.request_time.clone(),
            fold_paths: self.fold_paths,
        }
    }
}

/// Runs it.
///
/// # Errors
/// A trace that is refused, or a file that cannot be written.
pub fn run(args: &TraceArgs, out: &mut dyn Write) -> Result<(), Refusal> {
    match &args.action {
        Action::Inspect {
            file,
            shape,
            format,
        } => {
            let (spec, seed) = spec(file, shape)?;
            let mut stream = open(&spec, seed)?;
            let mut summary = Summary::default();
            for request in &mut stream {
                summary.add(&request?);
            }
            let tags = stream.tags().borrow();
            let text = if format == "json" {
                format!("{:#}\n", summary.json(stream.facts(), &tags))
            } else {
                summary.text(stream.facts(), &tags)
            };
            print(out, &text)?;
            skipped(&stream, format == "json", out)
        }
        Action::Convert {
            from,
            to,
            shape,
            force,
        } => {
            let (spec, seed) = spec(from, shape)?;
            write(&spec, seed, to, *force, out)
        }
        Action::Generate(generate) => {
            let (spec, seed) = generated(generate)?;
            write(&spec, seed, &generate.to, generate.force, out)
        }
    }
}

/// The trace of a file, which may be one of incidents, with its seed.
pub(super) fn spec(file: &Path, shape: &ShapeArgs) -> Result<(TraceSpec, u64), Refusal> {
    let over = shape.overrides(None);
    let (spec, seed) = if file.extension().is_some_and(|e| e == "toml") {
        let (root, seed) = incident(file)?;
        let Some(node) = root.get("trace") else {
            return Err(Refusal::file(file.display(), "has no trace")
                .help("add trace = \"path\" or a [trace] table"));
        };
        (
            TraceSpec::read(node, file.parent().unwrap_or(Path::new(".")))?.overridden(&over)?,
            seed,
        )
    } else {
        (TraceSpec::given(file, &over)?, 1)
    };
    Ok((spec, shape.seed.unwrap_or(seed)))
}

fn incident(file: &Path) -> Result<(Node, u64), Refusal> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Refusal::file(file.display(), format!("cannot be read: {e}")))?;
    let root = Node::parse(&Text::new(file.display().to_string(), text))?;
    let seed = match root.get("seed") {
        Some(node) => <u64 as crate::config::Read>::read(node)?,
        None => 1,
    };
    Ok((root, seed))
}

fn generated(g: &Generate) -> Result<(TraceSpec, u64), Refusal> {
    let (mut node, seed) = match &g.from {
        Some(file) => {
            let (root, seed) = incident(file)?;
            let node = root.get("trace").cloned();
            let node = node.filter(|n| matches!(n.value, Value::Table(_)));
            let none = || Refusal::file(file.display(), "has no [trace] that could be generated");
            (node.ok_or_else(none)?, seed)
        }
        None => (
            Node {
                value: Value::Table(Default::default()),
                at: At::nowhere(),
            },
            1,
        ),
    };
    let mut set = |argument: &str, path: &str, value: &Option<String>| -> Result<(), Refusal> {
        let Some(text) = value else { return Ok(()) };
        let source = Text::new(argument, text.clone());
        node.set(path, &At::whole(&source), Node::parse_value(&source)?)
    };
    let fresh = g.from.is_none();
    let kind = g.kind.clone().or_else(|| fresh.then(|| "poisson".into()));
    set("--kind", "arrivals.kind", &kind)?;
    let rate = g.shape.rate.clone();
    // Kinds with two rates name them otherwise: --set arrivals.busy=...
    let one_rate = matches!(kind.as_deref(), Some("poisson" | "constant" | "gamma"));
    let usual = || (fresh && one_rate).then(|| "100/s".to_string());
    set("--rate", "arrivals.rate", &rate.or_else(usual))?;
    set("--duration", "duration", &g.duration)?;
    set("--tenants", "tenants.count", &g.tenants)?;
    set("--users", "users.count", &g.users)?;
    set("--contents", "contents.count", &g.contents)?;
    set("--exponent", "contents.exponent", &g.exponent)?;
    for pair in &g.set {
        let Some((path, value)) = pair.split_once('=') else {
            return Err(Refusal::new(format!("--set {pair}: there is no \"=\""))
                .help("write --set models.large=1"));
        };
        let path = path.trim().strip_prefix("trace.").unwrap_or(path.trim());
        set("--set", path, &Some(value.trim().to_string()))?;
    }
    let base = g
        .from
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    let over = Overrides {
        rate: None,
        ..g.shape.overrides(None)
    };
    let spec = TraceSpec::read(&node, base)?.overridden(&over)?;
    Ok((spec, g.shape.seed.unwrap_or(seed)))
}

pub(super) fn open(spec: &TraceSpec, seed: u64) -> Result<Stream, Refusal> {
    match spec.open(seed)? {
        Source::Open(stream) => Ok(*stream),
        Source::Closed(_) => Err(Refusal::new(
            "this trace is a closed loop: its times depend on the answers",
        )
        .help("replay it; only a trace whose requests come by themselves can be listed")),
    }
}

fn write(
    spec: &TraceSpec,
    seed: u64,
    to: &Path,
    force: bool,
    out: &mut dyn Write,
) -> Result<(), Refusal> {
    let mut stream = open(spec, seed)?;
    let mut writer = Writer::create(to, stream.facts(), force)?;
    while let Some(request) = stream.next() {
        writer.write(&request?, &stream.tags().borrow())?;
    }
    let rows = writer.finish()?;
    if rows == 0 {
        return Err(
            Refusal::new("no request was left to write").help("look at the filter and at take")
        );
    }
    print(out, &format!("{}: {rows} requests\n", to.display()))?;
    skipped(&stream, false, out)
}

/// Says what `lenient` left out.
fn skipped(stream: &Stream, quiet: bool, out: &mut dyn Write) -> Result<(), Refusal> {
    let skipped = stream.skipped();
    if skipped.rows == 0 || quiet {
        return Ok(());
    }
    let mut text = format!(
        "left out: {} rows that could not be read, the first of them:\n",
        skipped.rows
    );
    for refusal in &skipped.first {
        text.push_str(&format!("{refusal}\n"));
    }
    print(out, &text)
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), Refusal> {
    match out.write_all(text.as_bytes()) {
        // Nobody reads on: that is no error.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Refusal::new(format!("the output cannot be written: {e}"))),
        Ok(()) => Ok(()),
    }
}
