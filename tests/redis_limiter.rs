//! The script on a real Redis server: the embedded stand-in decides the same, and a server that goes away in the middle
//! of a run leaves a replica with its fallback.
//!
//! `GAMEDAY_REDIS=127.0.0.1:6379` names a server whose keys under `gameday:test:` may be used; without it these tests say so
//! and pass. The test that freezes and kills a server starts one of its own, where `redis-server` is installed.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a real server takes real time, and its callers are threads"
)]

#[path = "../examples/redis_limiter.rs"]
mod redis_limiter;

use gameday::{
    components::limiter::store::{Quota, Store, UNIT},
    config::At,
};
use redis_limiter::{Answer, Client, Decision, Limiter, fallback};
use std::{
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// ms beyond its time to fill that a bucket is kept: far longer than a test lasts.
const SLACK: u64 = 600_000;

/// The server to test with, if there is one.
fn server() -> Option<String> {
    let named = std::env::var("GAMEDAY_REDIS").ok();
    if named.is_none() {
        eprintln!("skipped: GAMEDAY_REDIS names no server");
    }
    named
}

fn client(address: &str) -> Client {
    let mut found = address
        .to_socket_addrs()
        .unwrap_or_else(|e| panic!("{address}: {e}"));
    let connected = Client::connect(found.next().unwrap(), Duration::from_secs(5));
    let mut client = connected.unwrap_or_else(|e| panic!("{address}: {e}"));
    client.slack = SLACK;
    client
}

/// Keys of a test of its own, so that tests do not meet.
fn fresh(client: &mut Client, name: &str, keys: u64) -> Vec<String> {
    let keys: Vec<String> = (0..keys)
        .map(|n| format!("gameday:test:{{{name}}}:{n}"))
        .collect();
    for key in &keys {
        client.call(&["DEL", key]).unwrap();
    }
    keys
}

fn quota(rate: f64, burst: u64) -> Quota {
    Quota::new(rate, burst, &At::nowhere()).unwrap()
}

/// Dice of a test: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

#[test]
fn the_stand_in_decides_as_the_script_on_a_real_server_does() {
    let Some(address) = server() else { return };
    let mut client = client(&address);
    let mut compared = 0;
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let levels = 1 + dice.below(3) as usize;
        let keys = fresh(&mut client, "same", 12);
        // From one in an hour to a million a second, fractions of a token a ms included.
        let mut rates = || [1.0 / 3600.0, 0.7, 20.0, 33.3, 1e6][dice.below(5) as usize];
        let mut quotas: Vec<Quota> = (0..levels).map(|_| quota(rates(), 1)).collect();
        for quota in &mut quotas {
            quota.capacity = (1 + dice.below(50)) * UNIT;
        }
        if seed % 8 == 0 {
            // Amounts as large as the script can count, and none of them even.
            quotas[0] = Quota {
                rate: (1 << 52) - 1 - dice.below(1 << 40),
                capacity: (1 << 52) - dice.below(1 << 30),
            };
        }
        let mut store = Store::default();
        let mut now = 1_000_000_000_000;
        for _ in 0..250 {
            // Commands of callers whose clocks are apart, and which come late: a second back and more.
            now += dice.below(400);
            let caller = now + 1500 - dice.below(3000);
            let chosen: Vec<u64> = (0..levels as u64)
                .map(|level| level * 4 + dice.below(4))
                .collect();
            let names: Vec<String> = chosen.iter().map(|n| keys[*n as usize].clone()).collect();
            let cost = [UNIT, UNIT, UNIT, 3 * UNIT, UNIT / 7, 60 * UNIT][dice.below(6) as usize];
            // A deploy in between: what is held must fit into a smaller bucket.
            if dice.below(60) == 0 {
                quotas[0].capacity = (1 + dice.below(50)) * UNIT;
            }
            let theirs = client.take(&names, &quotas, cost, Some(caller)).unwrap();
            let ours = store.run(&chosen, &quotas, cost, now, Some(caller), SLACK);
            assert_eq!(
                ours, theirs,
                "seed {seed} at {caller}: {cost} of {quotas:?}"
            );
            compared += 1;
        }
        // And what they hold is the same to the last billionth.
        for (n, key) in keys.iter().enumerate() {
            let held = store.read(&[n as u64], now)[0];
            let Answer::List(theirs) = client
                .call(&["HMGET", key, "tokens", "last_refill_ms"])
                .unwrap()
            else {
                panic!("no list");
            };
            let ours = held.map_or(vec![Answer::None, Answer::None], |b| {
                [b.tokens, b.last_refill_ms]
                    .map(|n| Answer::Text(n.to_string()))
                    .into()
            });
            assert_eq!(ours, theirs, "seed {seed}, {key}");
        }
    }
    assert_eq!(compared, 10_000);
}

/// otovo/redis-rate-limiters#11 and its like: clocks a second apart, and never more than rate x time + burst.
#[test]
fn commands_a_second_out_of_order_get_no_more_than_their_rate() {
    let Some(address) = server() else { return };
    let mut client = client(&address);
    let keys = fresh(&mut client, "order", 1);
    let (quota, began) = ([quota(20.0, 10)], 1_000_000_000_000u64);
    let mut allowed = 0;
    for n in 0..1000u64 {
        let caller = began + n * 10 + if n % 2 == 0 { 1000 } else { 0 };
        allowed += u64::from(
            client
                .take(&keys, &quota, UNIT, Some(caller))
                .unwrap()
                .allowed,
        );
    }
    // Ten seconds at 20 a second, the burst, and once the second by which clocks are apart.
    assert!((200..=10 + 20 * 11).contains(&allowed), "{allowed}");
}

#[test]
fn by_the_servers_time_many_callers_at_once_share_one_bucket() {
    let Some(address) = server() else { return };
    let keys = fresh(&mut client(&address), "crowd", 2);
    let quotas = [quota(50.0, 20), quota(80.0, 30)];
    let began = Instant::now();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (keys, address) = (keys.clone(), address.clone());
            std::thread::spawn(move || {
                let mut client = client(&address);
                let until = Instant::now() + Duration::from_secs(1);
                let mut allowed = 0;
                while Instant::now() < until {
                    allowed += u64::from(client.take(&keys, &quotas, UNIT, None).unwrap().allowed);
                }
                allowed
            })
        })
        .collect();
    let allowed: u64 = callers.into_iter().map(|c| c.join().unwrap()).sum();
    let most = 20.0 + 50.0 * began.elapsed().as_secs_f64() + 1.0;
    assert!(
        (60.0..=most).contains(&(allowed as f64)),
        "{allowed} of {most}"
    );
    // Idle buckets have an end.
    let mut client = client(&address);
    let Answer::Number(ttl) = client.call(&["PTTL", &keys[0]]).unwrap() else {
        panic!("no number");
    };
    assert!(ttl > 0 && ttl as u64 <= 400 + 1 + SLACK, "{ttl}");
}

/// A server of the test's own; it ends with the test.
struct Server(Child);

impl Server {
    fn start(port: u16, folder: &std::path::Path) -> Option<Server> {
        let child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
            ])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let server = Server(child);
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_freezes_and_dies_in_the_middle_of_a_run_leaves_the_fallback() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let Some(server) = Server::start(port, folder.path()) else {
        eprintln!("skipped: there is no redis-server to start");
        return;
    };
    let quotas = vec![quota(1000.0, 1000), quota(1000.0, 1000)];
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut limiter = Limiter::new(address, quotas, &fallback()).unwrap();
    let keys: Vec<String> = ["a", "all"]
        .map(|k| format!("gameday:test:{{run}}:{k}"))
        .into();
    // Requests of two classes in turn for so long: those let in of each, those that the store decided, and the longest.
    let mut run = |millis: u64| {
        let (began, until) = (Instant::now(), Duration::from_millis(millis));
        let (mut entered, mut by_store, mut asked, mut longest) =
            ([0u64; 2], 0u64, 0u64, Duration::ZERO);
        while began.elapsed() < until {
            for (n, class) in ["people", "batch"].into_iter().enumerate() {
                let one = Instant::now();
                let said = limiter.enter(&keys, class);
                longest = longest.max(one.elapsed());
                entered[n] += u64::from(said.enters());
                by_store += u64::from(matches!(said, Decision::Store(_)));
                asked += 1;
            }
            std::thread::sleep(Duration::from_millis(4));
        }
        (
            entered,
            by_store,
            asked,
            longest,
            began.elapsed().as_secs_f64(),
        )
    };
    let all_enter = |(entered, by_store, asked, _, _): &([u64; 2], u64, u64, Duration, f64)| {
        entered[0] + entered[1] == *asked && by_store == asked
    };
    let before = run(400);
    assert!(before.2 > 20 && all_enter(&before), "{before:?}");
    for (how, what) in [("-STOP", "frozen"), ("-KILL", "gone")] {
        server.signal(how);
        let without = run(1000);
        let (entered, by_store, asked, longest, took) = without;
        assert!(by_store <= 1 && asked > 100, "{what}: {without:?}");
        assert_eq!(
            entered[1],
            by_store.min(entered[1]),
            "{what}: best-effort is shed, {without:?}"
        );
        let most = 5.0 + 20.0 * took + 1.0;
        assert!(
            (15.0..=most).contains(&(entered[0] as f64)),
            "{what}: {most} at most, {without:?}"
        );
        assert!(longest < Duration::from_millis(300), "{what}: {without:?}");
    }
    drop(server);
    let _again = Server::start(port, folder.path()).unwrap();
    run(300);
    let after = run(300);
    assert!(all_enter(&after), "{after:?}");
}
