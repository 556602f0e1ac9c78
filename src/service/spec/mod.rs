//! The service as a file describes it: read once, checked whole, before the first virtual second.

mod calls;
mod clients;
mod leaving;
mod limiter;
mod parts;
mod queue;
mod report;
mod schema;
mod work;
mod write;

use super::{
    cpu::CpuSpec,
    deaths::StartSpec,
    identity::{AddressOptions, QuotaSpec},
    latency::Latency,
    memory::MemoryOptions,
    probe::ProbeOptions,
    regions::{self, RegionsSpec},
    scaling::AutoscalerSpec,
};
use crate::{
    components::{
        Registry,
        dag::{Dag, FanOut, Leftovers},
        keys::KeyTemplate,
    },
    config::{At, Node, Percent, Read, Refusal, Span, Value, pick},
};
pub(in crate::service) use calls::OTHER_ERRORS;
pub use calls::{CallOptions, DependencyKind, DependencyOptions, DependencySpec, Step};
use calls::{read_dependencies, read_fan_out, read_steps};
pub use clients::{ClientOptions, ClientReplay, ClientRetry};
pub use leaving::{Expired, LostOnCancel, OnCancel, OnDisconnect, RegistryOptions, Removal};
use limiter::read_limiter;
pub use limiter::{LevelSpec, LevelsOptions, LimiterSpec, StoreSpec};
pub use parts::{CacheSpec, FlightSpec, MergeSpec, OnUnread, ParseSpec, Part, Scope, TrendingSpec};
use parts::{
    part, read_autoscaler, read_cache, read_merge, read_parse, read_single_flight, read_trending,
};
use queue::read_queue;
pub use queue::{QueueSpec, Staff};
pub use report::{
    ItemsSpec, MOST_ITEMS, OnCut, ReportKind, ReportOptions, ShardsBy, ShardsOptions, Status,
};
pub use schema::{
    component as component_schema, component_by as component_schema_by, schemas as service_schemas,
};
use work::read_work;
pub use work::{On, SiteOptions, SiteSpec, SiteStage};
use write::read_write;
pub use write::{WriteOptions, WriteSpec};

crate::options! {
    /// Service.
    #[derive(Clone, Debug)]
    pub struct ServiceOptions {
        /// Replicas behind the load balancer.
        replicas: u32 = 1, "1; those of its regions together";
        /// Replicas by region, such as { small = 4, large = 40 }: a request is served in its own region alone, and what starts read is one for each. Not with an autoscaler.
        regions: Option<RegionsSpec> = None, "none";
        /// Which replica takes a request: random, round-robin, least-in-flight, sticky.
        balancer: Option<Node> = None, "random";
        /// Health probes, which take replicas out of service: { route = "/health", every = "5s", timeout = "2s", misses = 2, rises = 2 }.
        probe: Option<Node> = None, "none";
        /// Replicas come and go with the load: target-utilisation or target-in-flight, with `min`, `max`, `start_up` and a `warm` pool.
        autoscaler: Option<Node> = None, "none";
        /// Admission: a rate limiter, with `key = ["tenant"]` and `scope`; or { levels = [...] }, one after another.
        limiter: Option<Node> = None, "none";
        /// How it knows the address of a client: { proxies, trusted_hops }.
        address: Option<Node> = None, "the peer's";
        /// What was promised, as a contract says it: { per, rate, burst, rates }. It refuses nobody; requests are recorded as under or over it.
        quota: Option<Node> = None, "none";
        /// Parser of payloads, with its `version` and the `time` it takes.
        parse: Option<Node> = None, "none";
        /// Cache key: see the key's options.
        key: Option<Node> = None, "none";
        /// What is asked for most, of late: with `of`, `scope`, `every`, the `routes` that are answered with the list, and `admit` for the cache.
        trending: Option<Node> = None, "none";
        /// Result cache, with `scope`, `ttl`, `jitter` and `lookup`. Needs a key.
        cache: Option<Node> = None, "none";
        /// Requests with the same key share one call: true, false, "shared" for all replicas together, or a table with `scope`, `lookup`, `poll`, `limit`, `ttl`, `lease`, `renew`, `fenced`, `atomic`, `results`, `failures`, `cleanup`, `on_cancel`.
        single_flight: Option<Node> = None, "false";
        /// Queue in front of the workers, with `workers`, `limit`, `max_wait` and `best_effort`.
        queue: Option<Node> = None, "none";
        /// Work of a worker besides its calls.
        compute: Option<Node> = None, "none";
        /// Cores of a replica, or a quota on the CPU that its work may use: { cores = 4 }, { quota = "30ms", period = "100ms" }.
        cpu: Option<Node> = None, "no bound";
        /// Places in the code whose work is done for real and counted, by name: { waf = { kind = "pattern", stage = "filter", ... } }.
        work: Option<Node> = None, "none";
        /// The call to a dependency, or a list of calls with `name` and `after`.
        call: Option<Node> = None, "none";
        /// A write that each request makes once, after its calls: who takes it, tries, timeouts, and the ledger that keeps it single.
        write: Option<Node> = None, "none";
        /// How the calls of a request go together: `parallel`, `deadline`, `budget`, `need`, `leftovers`.
        fan_out: Option<Node> = None, "all that may start at once, no deadline";
        /// How the ranked lists of the calls become one page: `kind`, `k`, and the `pool` of documents on a question.
        merge: Option<Node> = None, "not merged";
        /// What answers say of a failure of some of their parts: `kind`, `status`, `retry_failed`. With it the outcome of sub-steps is logged beside that of the answer.
        report: Option<ReportOptions> = None, "an answer that lacks something says so";
        /// What becomes of the work for a client that has left: "stop", "masked" (a middleware hides it from the handler), "ignore" (there is no way to stop it). Where it is said, gauges tell who left and what went on: orphan.*, disconnects.*, cancels.*, work.seconds.
        on_disconnect: Option<OnDisconnect> = None, "stop";
        /// Each replica lists the requests under way, with `removal` and `limit`: gauge registry.entries.
        registry: Option<RegistryOptions> = None, "none";
        /// Live bytes by component are gauges: {}, or with a `limit` at which a process is restarted.
        memory: Option<Node> = None, "not read";
        /// Maximum of users' latency over the last while, as a gauge latency.sliding_max: sliding-max or ring-max.
        dashboard: Option<Node> = None, "not read";
        /// Share of the answers out of a cache, a flight or prefix memory that a checker works out again beside the service, at no cost to it: gauges answers.checked and answers.wrong.
        check_answers: Percent = Percent(0.0), "0";
        /// The runtime of each process says how long it stood still (collections of garbage and the like): gauge runtime.paused.
        runtime_metrics: bool = false, "false";
        /// How processes start, after a restart or when one has died: what they read first, and how long they wait.
        start: Option<Node> = None, "at once";
        /// How long a fresh process is cold.
        cold_for: Span = Span(0), "0";
        /// How many times slower a cold process computes.
        cold_factor: f64 = 1.0, "1";
    }
}

/// A whole service, one version of it.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// Replicas, those of all regions together.
    pub replicas: u32,
    /// Regions, where it has any.
    pub regions: Option<RegionsSpec>,
    /// Load balancer.
    pub balancer: Part,
    /// Health probes of the load balancer.
    pub probe: Option<ProbeOptions>,
    /// Replicas that come and go.
    pub autoscaler: Option<AutoscalerSpec>,
    /// Admission.
    pub limiter: Option<LimiterSpec>,
    /// How it knows the address of a client.
    pub address: AddressOptions,
    /// What was promised.
    pub quota: Option<QuotaSpec>,
    /// Parser.
    pub parse: Option<ParseSpec>,
    /// Cache key.
    pub key: Option<KeyTemplate>,
    /// What is asked for most.
    pub trending: Option<TrendingSpec>,
    /// Cache.
    pub cache: Option<CacheSpec>,
    /// Single-flight.
    pub single_flight: Option<FlightSpec>,
    /// Queue.
    pub queue: Option<QueueSpec>,
    /// Work of a worker.
    pub compute: Option<Latency>,
    /// CPU of a replica.
    pub cpu: Option<CpuSpec>,
    /// Places in the code that compute.
    pub work: Vec<SiteSpec>,
    /// Calls, each behind those that it waits for.
    pub steps: Vec<Step>,
    /// What waits for what, numbered as `steps`.
    pub graph: Dag,
    /// The write of a request.
    pub write: Option<WriteSpec>,
    /// How the calls go together, where the file says it.
    pub fan_out: Option<FanOut>,
    /// How ranked lists are merged.
    pub merge: Option<MergeSpec>,
    /// What answers say of partial failure.
    pub report: Option<ReportOptions>,
    /// What becomes of work whose client has left, where the file says it.
    pub on_disconnect: Option<OnDisconnect>,
    /// Registry of requests under way.
    pub registry: Option<RegistryOptions>,
    /// Memory of a process, where it is read.
    pub memory: Option<MemoryOptions>,
    /// Window of the dashboard.
    pub dashboard: Option<Node>,
    /// Share of kept answers that a checker works out again.
    pub check_answers: f64,
    /// Whether processes say how long they stood still.
    pub runtime_metrics: bool,
    /// How processes start, where the file says it.
    pub start: Option<StartSpec>,
    /// ns that a fresh process is cold.
    pub cold_for: u64,
    /// How many times slower it computes then.
    pub cold_factor: f64,
    /// Dependencies.
    pub dependencies: Vec<DependencySpec>,
    /// Clients.
    pub clients: ClientOptions,
    /// The tree it was read from, for telling versions apart.
    pub tree: Node,
}

impl ServiceSpec {
    /// Whether the outcome of what answers are made of is logged.
    pub fn logs_parts(&self) -> bool {
        let parts =
            |d: &DependencySpec| d.items.is_some() || d.shards.is_some() || d.stream.is_some();
        self.report.is_some() || self.dependencies.iter().any(parts)
    }

    /// Whether it says what becomes of work whose client has left: then it may go on, and is counted.
    pub fn minds_leavers(&self) -> bool {
        let outlives = |s: &Step| s.options.on_cancel != OnCancel::Stop || s.options.intended;
        self.on_disconnect.is_some()
            || self.queue.as_ref().is_some_and(|q| q.expired.is_some())
            || self.steps.iter().any(outlives)
    }

    /// Whether it parses anything: payloads, or what its calls are answered with.
    pub fn parses(&self) -> bool {
        self.parse.is_some() || self.steps.iter().any(|s| s.parse_output.is_some())
    }

    /// Whether anything goes on when nobody waits for it.
    pub fn outlives(&self) -> bool {
        let detaches = |f: &FanOut| f.leftovers == Leftovers::Detach;
        self.minds_leavers()
            || self.fan_out.as_ref().is_some_and(detaches)
            || self.clients.replay.is_some()
            || self.write.as_ref().is_some_and(WriteSpec::outlives)
    }

    /// Whether anything that it reads kills its processes.
    pub fn dies(&self) -> bool {
        let parse = self.parse.as_ref();
        parse.is_some_and(|p| p.on_failure == OnUnread::Crash)
    }

    /// Reads `[service]`, `[dependency.*]` and `[clients]` of a file.
    ///
    /// # Errors
    /// The first thing that is unknown, missing or contradictory, at its place.
    pub fn read(root: &Node, registry: &Registry) -> Result<ServiceSpec, Refusal> {
        let Some(service) = root.get("service") else {
            return Err(Refusal::at(&root.at, "there is no [service]")
                .help("describe the backend under test"));
        };
        let o = ServiceOptions::read(service)?;
        let replicas = regions::replicas(service, o.replicas, o.regions.as_ref())?;
        let dependencies = read_dependencies(root)?;
        let balancer = match &o.balancer {
            Some(node) => part(node, |n| pick(&registry.balancers, "balancer", n).map(drop))?,
            None => Part {
                node: Node {
                    value: Value::Text("random".into()),
                    at: At::nowhere(),
                },
                kind: "random".into(),
            },
        };
        let key = o.key.as_ref().map(KeyTemplate::read).transpose()?;
        let cache = o
            .cache
            .as_ref()
            .map(|n| read_cache(n, registry))
            .transpose()?;
        if let (Some(node), None) = (&o.cache, &key) {
            return Err(
                Refusal::at(&node.at, "a cache without a key").help("add key = { fields = [...] }")
            );
        }
        let trending = o
            .trending
            .as_ref()
            .map(|n| read_trending(n, registry))
            .transpose()?;
        if let (Some(node), Some(spec)) = (&o.trending, &trending) {
            if spec.of.is_none() && key.is_none() {
                return Err(Refusal::at(&node.at, "what is to be counted?")
                    .help("say of = [\"prompt\"], or give the service a key"));
            }
            if spec.admit && (cache.is_none() || spec.of.is_some()) {
                return Err(
                    Refusal::at(&node.at, "`admit` is for a cache by the same key")
                        .help("give the service a key and a cache, and leave `of` out"),
                );
            }
        }
        let single_flight = o
            .single_flight
            .as_ref()
            .map(read_single_flight)
            .transpose()?
            .flatten();
        if let (Some(node), Some(_), None) = (&o.single_flight, &single_flight, &key) {
            return Err(Refusal::at(&node.at, "single-flight without a key")
                .help("add key = { fields = [...] }"));
        }
        if !(o.cold_factor.is_finite() && o.cold_factor >= 1.0) {
            let at = service.get("cold_factor").map_or(&service.at, |n| &n.at);
            return Err(
                Refusal::at(at, "a cold process is not faster than a warm one").help("1 or more"),
            );
        }
        if let Some(node) = &o.dashboard {
            pick(&registry.windows, "window", node)?;
        }
        let (steps, graph) = o
            .call
            .as_ref()
            .map(|n| read_steps(n, &dependencies, registry))
            .transpose()?
            .unwrap_or_default();
        let write = o
            .write
            .as_ref()
            .map(|n| read_write(n, &dependencies))
            .transpose()?;
        let queue = o
            .queue
            .as_ref()
            .map(|n| read_queue(n, registry))
            .transpose()?;
        leaving::check_expired(service, queue.as_ref(), o.on_disconnect)?;
        let fan_out = o
            .fan_out
            .as_ref()
            .map(|n| read_fan_out(n, steps.len()))
            .transpose()?;
        let merge = o
            .merge
            .as_ref()
            .map(|n| read_merge(n, registry))
            .transpose()?;
        let ranks = |step: &Step| dependencies[step.dependency].results.is_some();
        if let (Some(node), false) = (&o.merge, steps.iter().any(ranks)) {
            return Err(Refusal::at(&node.at, "no call answers with a ranked list")
                .help("give dependencies results = { count = 20, scale = 30 }"));
        }
        // Those in the least place of all that are probed by themselves.
        let least = o.regions.as_ref().map_or(replicas, RegionsSpec::smallest);
        let spec = ServiceSpec {
            probe: o
                .probe
                .as_ref()
                .map(|n| ProbeOptions::checked(n, least, o.autoscaler.is_some()))
                .transpose()?,
            replicas,
            regions: o.regions,
            autoscaler: o
                .autoscaler
                .as_ref()
                .map(|n| read_autoscaler(n, registry, o.queue.is_some()))
                .transpose()?,
            balancer,
            limiter: o
                .limiter
                .as_ref()
                .map(|n| read_limiter(n, registry, &dependencies))
                .transpose()?,
            address: o
                .address
                .as_ref()
                .map(AddressOptions::read)
                .transpose()?
                .unwrap_or(AddressOptions::PEER),
            quota: o.quota.as_ref().map(QuotaSpec::read).transpose()?,
            parse: o
                .parse
                .as_ref()
                .map(|n| read_parse(n, registry))
                .transpose()?,
            key,
            trending,
            cache,
            single_flight,
            queue,
            compute: o.compute.as_ref().map(Latency::read).transpose()?,
            cpu: o.cpu.as_ref().map(CpuSpec::read).transpose()?,
            work: o
                .work
                .as_ref()
                .map(|n| read_work(n, registry))
                .transpose()?
                .unwrap_or_default(),
            steps,
            graph,
            write,
            fan_out,
            merge,
            report: o.report,
            on_disconnect: o.on_disconnect,
            registry: o.registry,
            memory: o.memory.as_ref().map(MemoryOptions::read).transpose()?,
            dashboard: o.dashboard,
            check_answers: o.check_answers.0,
            runtime_metrics: o.runtime_metrics,
            start: match &o.start {
                Some(node) => Some(StartSpec::read(node, &dependencies)?),
                None => None,
            },
            cold_for: o.cold_for.0,
            cold_factor: o.cold_factor,
            dependencies,
            clients: root
                .get("clients")
                .map(ClientOptions::read)
                .transpose()?
                .unwrap_or_else(ClientOptions::patient),
            tree: root.clone(),
        };
        regions::check_tables(&spec)?;
        Ok(spec)
    }
}
