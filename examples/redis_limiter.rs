//! The lab's distributed limiter in front of a real service: the same script, the same fallback, over a plain connection.
//!
//!     redis-server --port 6379 &
//!     cargo run --example redis_limiter -- 127.0.0.1:6379     # stop the server meanwhile, and start it again
//!
//! A process holds one `Limiter` a thread. It needs nothing but the standard library and what `gameday` says: what the
//! script is sent, and what is decided when no answer comes in time.

#![allow(
    clippy::disallowed_types,
    reason = "this is no run: a real server takes real time"
)]

use gameday::{
    components::limiter::store::{Emergency, Fallback, Local, Mode, Quota, Reply, SCRIPT, UNIT},
    config::{At, Count, Rate, Refusal, Span},
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// What a server answers.
#[derive(Debug, PartialEq)]
pub enum Answer {
    Text(String),
    Number(i64),
    List(Vec<Answer>),
    None,
}

/// One connection to Redis.
pub struct Client {
    stream: BufReader<TcpStream>,
    script: String,
    /// ms that an idle bucket is kept beyond the time in which it is full again.
    pub slack: u64,
}

impl Client {
    /// Connects and loads the script. No wait is longer than `patience`.
    pub fn connect(address: SocketAddr, patience: Duration) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let mut client = Client {
            stream: BufReader::new(stream),
            script: String::new(),
            slack: 60_000,
        };
        match client.call(&["SCRIPT", "LOAD", SCRIPT])? {
            Answer::Text(digest) => client.script = digest,
            other => return Err(io::Error::other(format!("{other:?}"))),
        }
        Ok(client)
    }

    /// Sends a command and waits for its answer.
    pub fn call(&mut self, words: &[&str]) -> io::Result<Answer> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.stream.get_mut().write_all(command.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let wrong = || io::Error::other(format!("not an answer: {line:?}"));
        let Some((kind, rest)) = line.trim_end().split_at_checked(1) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let number = || rest.parse::<i64>().map_err(|_| wrong());
        match kind {
            "+" => Ok(Answer::Text(rest.into())),
            ":" => Ok(Answer::Number(number()?)),
            "$" if number()? < 0 => Ok(Answer::None),
            "$" => {
                let mut bytes = vec![0; number()? as usize + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Ok(Answer::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            "*" => (0..number()?)
                .map(|_| self.answer())
                .collect::<io::Result<_>>()
                .map(Answer::List),
            _ => Err(wrong()),
        }
    }

    /// Runs the script: takes `cost` from every bucket, or from none. `caller_ms` is the caller's time; `None`, and better,
    /// is the server's.
    pub fn take(
        &mut self,
        keys: &[String],
        quotas: &[Quota],
        cost: u64,
        caller_ms: Option<u64>,
    ) -> io::Result<Reply> {
        let mut words = vec![
            "EVALSHA".into(),
            self.script.clone(),
            keys.len().to_string(),
        ];
        words.extend_from_slice(keys);
        words.push(cost.to_string());
        words.push(caller_ms.map_or(String::new(), |ms| ms.to_string()));
        words.push(self.slack.to_string());
        for quota in quotas {
            words.extend([quota.rate.to_string(), quota.capacity.to_string()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = self.call(&words)?;
        let numbers: Option<Vec<i64>> = match &answer {
            Answer::List(list) => list
                .iter()
                .map(|n| match n {
                    Answer::Number(n) => Some(*n),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        match numbers.as_deref() {
            Some(&[allowed, left, retry, refused]) => Ok(Reply {
                allowed: allowed == 1,
                remaining: u64::try_from(left).unwrap_or(0),
                retry_after_ms: u64::try_from(retry).ok(),
                refused: usize::try_from(refused - 1).ok(),
            }),
            _ => Err(io::Error::other(format!("{answer:?}"))),
        }
    }
}

/// What a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// By the store.
    Store(Reply),
    /// By this process alone, since the store is slow or gone.
    Alone(Local),
}

impl Decision {
    pub fn enters(self) -> bool {
        match self {
            Decision::Store(reply) => reply.allowed,
            Decision::Alone(local) => local == Local::Admit,
        }
    }
}

/// Limits in a Redis, and what is done without it.
pub struct Limiter {
    address: SocketAddr,
    quotas: Vec<Quota>,
    client: Option<Client>,
    policy: Emergency,
    began: Instant,
}

impl Limiter {
    pub fn new(
        address: SocketAddr,
        quotas: Vec<Quota>,
        fallback: &Fallback,
    ) -> Result<Limiter, Refusal> {
        Ok(Limiter {
            address,
            quotas,
            client: None,
            policy: Emergency::new(fallback, &At::nowhere())?,
            began: Instant::now(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether a request of this class may enter; `keys` are its buckets, one for each quota.
    pub fn enter(&mut self, keys: &[String], class: &str) -> Decision {
        if self.policy.asks(self.now()) {
            match self.ask(keys) {
                Ok(reply) => return Decision::Store(reply),
                // What comes late must not be read as the answer to the next command.
                Err(_) => self.client = None,
            }
            self.policy.failed(self.now());
        }
        let best_effort = self.policy.is_best_effort(class);
        Decision::Alone(self.policy.decide(best_effort, self.now()))
    }

    fn ask(&mut self, keys: &[String]) -> io::Result<Reply> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let patience = self.policy.patience().unwrap_or(u64::MAX);
                let fresh = Client::connect(self.address, Duration::from_nanos(patience))?;
                none.insert(fresh)
            }
        };
        client.take(keys, &self.quotas, UNIT, None)
    }
}

/// Limits of the demonstration, which the test has as well.
pub fn fallback() -> Fallback {
    Fallback {
        after: Span(20_000_000),
        pause: Span(200_000_000),
        rate: Rate(20.0),
        burst: Count(5),
        shed: vec!["batch".into()],
        mode: Mode::Limit,
    }
}

#[allow(dead_code, reason = "the test that includes this file has its own")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:6379".into());
    let quota = |rate, burst| Quota::new(rate, burst, &At::nowhere()).map_err(|r| r.to_string());
    let quotas = vec![quota(50.0, 20)?, quota(80.0, 30)?];
    let mut limiter =
        Limiter::new(address.parse()?, quotas, &fallback()).map_err(|r| r.to_string())?;
    let keys = ["demo:{limit}:tenant:acme", "demo:{limit}:all"].map(String::from);
    for second in 1..=20 {
        let (mut entered, mut alone) = ([0; 2], 0);
        for _ in 0..50 {
            for (n, class) in ["people", "batch"].into_iter().enumerate() {
                let said = limiter.enter(&keys, class);
                entered[n] += u32::from(said.enters());
                alone += u32::from(matches!(said, Decision::Alone(_)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let [people, batch] = entered;
        println!(
            "second {second:2}: of 50 each, {people} people and {batch} batch enter; {alone} decided without the store"
        );
    }
    Ok(())
}
