//! Drawing a service, its traffic and what happens to it.

use super::{dice, normal};

/// How arrivals swing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Poisson,
    Bursts,
    LongBursts,
    Diurnal,
    FlashCrowd,
}

/// What happens. The names are those of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    FieldAdded,
    VersionBumped,
    ModelFieldAdded,
    NormalisationLost,
    SerializerDrift,
    PerProcessSeed,
    TtlChanged,
    CapacityCut,
    MixShift,
    Flush,
    DependencySlow,
    DependencyErrors,
    Surge,
    HotTenant,
}

impl Kind {
    pub const ALL: [Kind; 14] = [
        Kind::FieldAdded,
        Kind::VersionBumped,
        Kind::ModelFieldAdded,
        Kind::NormalisationLost,
        Kind::SerializerDrift,
        Kind::PerProcessSeed,
        Kind::TtlChanged,
        Kind::CapacityCut,
        Kind::MixShift,
        Kind::Flush,
        Kind::DependencySlow,
        Kind::DependencyErrors,
        Kind::Surge,
        Kind::HotTenant,
    ];

    pub fn cause(self) -> &'static str {
        match self {
            Kind::FieldAdded => "key-field-added",
            Kind::VersionBumped => "key-version-bumped",
            Kind::ModelFieldAdded => "key-model-field-added",
            Kind::NormalisationLost => "normalisation-lost",
            Kind::SerializerDrift => "serializer-drift",
            Kind::PerProcessSeed => "per-process-key-seed",
            Kind::TtlChanged => "ttl-changed",
            Kind::CapacityCut => "capacity-cut",
            Kind::MixShift => "traffic-mix-shift",
            Kind::Flush => "cache-flush",
            Kind::DependencySlow => "dependency-slow",
            Kind::DependencyErrors => "dependency-errors",
            Kind::Surge => "traffic-surge",
            Kind::HotTenant => "hot-tenant",
        }
    }

    /// Whether it comes with a deploy.
    pub fn deployed(self) -> bool {
        self.of_keys() || matches!(self, Kind::TtlChanged | Kind::CapacityCut)
    }

    /// Whether it changes keys, so that a share of the traffic can have it.
    pub fn of_keys(self) -> bool {
        matches!(
            self,
            Kind::FieldAdded
                | Kind::VersionBumped
                | Kind::ModelFieldAdded
                | Kind::NormalisationLost
                | Kind::SerializerDrift
                | Kind::PerProcessSeed
        )
    }
}

/// What happens, when and how much.
#[derive(Clone, Copy, Debug)]
pub struct Incident {
    pub kind: Kind,
    /// s.
    pub from: f64,
    /// s; infinite when nobody fixes it.
    pub to: f64,
    /// Size, in a unit of the kind.
    pub size: f64,
    /// Variant of the kind.
    pub variant: u64,
    /// Share of requests that it applies to.
    pub canary: f64,
    /// s that a roll-out takes, replica by replica; 0 is at once.
    pub rolling: f64,
}

/// A service and its traffic.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub rate: f64,
    pub seconds: usize,
    pub shape: Shape,
    /// Rate by second, as a multiple of `rate`.
    pub swing: Vec<f64>,
    pub tenants: usize,
    pub tenant_zipf: f64,
    pub users: usize,
    pub clients: u64,
    pub models: u64,
    pub regions: u64,
    pub replicas: u64,
    pub contents: usize,
    pub zipf: f64,
    /// Share of requests for contents that come once.
    pub unique: f64,
    /// s after which the popularity of contents has turned over; infinite is never.
    pub turnover: f64,
    /// Whether tenants have contents of their own.
    pub own_contents: bool,
    pub ttl: f64,
    pub capacity: usize,
    /// Tags in healthy keys: bit 0 tenant, bit 1 model.
    pub key_tags: u64,
    /// Share of requests that are not written canonically, by value and by bytes.
    pub variants: [f64; 2],
    /// Whether the writing belongs to the client or to the request.
    pub by_client: bool,
    pub local_cache: bool,
    pub single_flight: bool,
    pub warm_start: bool,
    pub median: f64,
    pub sigma: f64,
    /// ln of the dependency's mood by second.
    pub mood: Vec<f64>,
    pub errors: f64,
    pub own: f64,
    pub rho: f64,
    /// Decoy deploys, s.
    pub decoys: Vec<f64>,
}

impl World {
    /// Draws a service; `requests` bounds the length of its recording.
    pub fn draw(seed: u64, requests: f64) -> World {
        World::lasting(seed, requests, None)
    }

    /// Draws a service whose recording lasts so many seconds.
    pub fn lasting(seed: u64, requests: f64, seconds: Option<f64>) -> World {
        let u = |purpose: u64| dice(seed, 1, purpose);
        let between = |p: u64, a: f64, b: f64| a + (b - a) * u(p);
        let log_between =
            |p: u64, a: f64, b: f64| libm::exp(between(p, libm::log(a), libm::log(b)));
        let pick = |p: u64, of: &[f64]| of[(u(p) * of.len() as f64) as usize];
        let seconds =
            seconds.unwrap_or_else(|| pick(1, &[600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0]));
        let rate = log_between(2, 5.0, 500.0)
            .min(requests / seconds)
            .max(3000.0_f64.min(requests) / seconds)
            .max(4.0_f64.min(requests / seconds));
        let shape = [
            Shape::Poisson,
            Shape::Bursts,
            Shape::LongBursts,
            Shape::Diurnal,
            Shape::FlashCrowd,
            Shape::Bursts,
        ][(u(3) * 6.0) as usize];
        let n = rate * seconds;
        let mut world = World {
            seed,
            rate,
            seconds: seconds as usize,
            shape,
            swing: vec![],
            tenants: log_between(4, 2.0, 60.0) as usize,
            tenant_zipf: between(5, 0.2, 1.3),
            users: log_between(6, 20.0, 5000.0) as usize,
            clients: 1 + (u(7) * 6.0) as u64,
            models: 2 + (u(8) * 5.0) as u64,
            regions: 1 + (u(9) * 5.0) as u64,
            replicas: 1 + (u(10) * 6.0) as u64,
            contents: (n * between(11, 0.003, 0.12)).max(20.0) as usize,
            zipf: between(12, 0.3, 1.3),
            unique: if u(13) < 0.4 {
                0.0
            } else {
                between(14, 0.02, 0.4)
            },
            turnover: if u(15) < 0.5 {
                f64::INFINITY
            } else {
                log_between(16, 1200.0, 40_000.0)
            },
            own_contents: u(17) < 0.5,
            ttl: log_between(18, 120.0, 3600.0),
            capacity: 0,
            key_tags: (u(20) * 4.0) as u64,
            variants: [between(21, 0.05, 0.6), between(22, 0.05, 0.6)],
            by_client: u(23) < 0.5,
            local_cache: u(24) < 0.25,
            single_flight: u(25) < 0.5,
            warm_start: u(26) < 0.25,
            median: log_between(27, 0.02, 0.6),
            sigma: between(28, 0.25, 1.0),
            mood: vec![],
            errors: between(29, 0.0005, 0.006),
            own: log_between(30, 0.001, 0.008),
            rho: between(31, 0.3, 0.8),
            decoys: vec![],
        };
        let distinct = world.contents as f64
            * if world.own_contents {
                (world.tenants as f64).sqrt()
            } else {
                1.0
            };
        world.capacity = if u(19) < 0.5 {
            1 << 22
        } else {
            (distinct * between(32, 0.3, 1.5)).max(30.0) as usize
        };
        world.decoys = (0..(u(33) * 3.0) as u64)
            .map(|k| seconds * between(40 + k, 0.2, 0.95))
            .collect();
        world.decoys.sort_by(f64::total_cmp);
        world.swing = swing(seed, world.seconds, shape);
        world.mood = mood(seed, world.seconds);
        world
    }
}

fn swing(seed: u64, seconds: usize, shape: Shape) -> Vec<f64> {
    let u = |purpose: u64| dice(seed, 2, purpose);
    let mut swing = vec![1.0; seconds];
    // Every day has some wave; a diurnal one has a large one.
    let depth = if shape == Shape::Diurnal {
        0.2 + 0.4 * u(1)
    } else {
        0.15 * u(1)
    };
    let period = 3600.0 * [0.5, 1.0, 3.0, 24.0][(u(2) * 4.0) as usize];
    for (t, s) in swing.iter_mut().enumerate() {
        *s *= 1.0 + depth * libm::sin(std::f64::consts::TAU * (t as f64 / period + u(3)));
    }
    let (on, off) = match shape {
        Shape::Bursts => (5.0 + 25.0 * u(4), 30.0 + 200.0 * u(5)),
        Shape::LongBursts => (40.0 + 80.0 * u(4), 120.0 + 280.0 * u(5)),
        _ => (0.0, 1e9),
    };
    let factor = 1.2 + 1.3 * u(6);
    let (mut t, mut k) = (0usize, 0u64);
    while t < seconds {
        let mean = if k % 2 == 0 { off } else { on };
        let length = (-mean * libm::log(1.0 - u(100 + k))) as usize + 1;
        if k % 2 == 1 {
            let end = (t + length).min(seconds);
            swing[t..end].iter_mut().for_each(|s| *s *= factor);
        }
        (t, k) = (t + length, k + 1);
    }
    if shape == Shape::FlashCrowd {
        let from = (seconds as f64 * (0.25 + 0.4 * u(7))) as usize;
        let to = (from + (60.0 + 300.0 * u(8)) as usize).min(seconds);
        let height = 1.3 + 0.9 * u(9);
        swing[from..to].iter_mut().for_each(|s| *s *= height);
    }
    swing
}

/// An Ornstein-Uhlenbeck process, in some worlds with short spikes: a dependency is never quite the same.
fn mood(seed: u64, seconds: usize) -> Vec<f64> {
    let u = |purpose: u64| dice(seed, 3, purpose);
    let (sd, tau) = (0.02 + 0.06 * u(1), 20.0 + 100.0 * u(2));
    let keep = libm::exp(-1.0 / tau);
    let mut x = sd * normal(seed, 4, 0);
    let mut mood: Vec<f64> = (0..seconds)
        .map(|t| {
            x = keep * x + sd * (1.0 - keep * keep).sqrt() * normal(seed, 5, t as u64);
            x
        })
        .collect();
    if u(3) < 0.3 {
        for k in 0..(seconds / 400) as u64 {
            let from = (u(10 + k) * seconds as f64) as usize;
            let to = (from + 3 + (12.0 * u(500 + k)) as usize).min(seconds);
            mood[from..to].iter_mut().for_each(|m| *m += 0.4);
        }
    }
    mood
}

impl Incident {
    /// Draws one for a world.
    pub fn draw(world: &World, kind: Kind, salt: u64) -> Incident {
        let u = |purpose: u64| dice(world.seed ^ salt, 6, purpose);
        let seconds = world.seconds as f64;
        let from = seconds * (0.3 + 0.3 * u(1));
        let to = if u(2) < 0.4 {
            f64::INFINITY
        } else {
            from + seconds * (0.15 + 0.2 * u(3))
        };
        let canary = if kind.of_keys() && kind != Kind::PerProcessSeed && u(4) < 0.3 {
            [0.05, 0.1, 0.25, 0.5][(u(5) * 4.0) as usize]
        } else {
            1.0
        };
        let size = match kind {
            Kind::TtlChanged => libm::exp(-7.0 + 5.0 * u(6)),
            Kind::CapacityCut => 0.03 + 0.4 * u(6),
            Kind::MixShift => 0.1 + 0.5 * u(6),
            Kind::DependencySlow => 0.2 + 1.5 * u(6),
            Kind::DependencyErrors => 0.01 + 0.15 * u(6),
            Kind::Surge | Kind::HotTenant => 0.5 + 1.5 * u(6),
            _ => 1.0,
        };
        let rolling = if kind.deployed() && canary == 1.0 && u(7) < 0.3 {
            30.0 + 150.0 * u(8)
        } else {
            0.0
        };
        Incident {
            kind,
            from,
            to,
            size,
            variant: (u(9) * 1e9) as u64,
            canary,
            rolling,
        }
    }
}
