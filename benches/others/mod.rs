//! M/M/8 in another simulator: NeXosim 1.0, on one thread.
//!
//! As its guide has it: a source and a station are models, joined by a port; each schedules its
//! own events. Results go to counters shared with the bench, which costs it nothing to speak of.

use crate::hand::queue::{Input, SERVERS};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
struct Source {
    requests: Output<u32>,
    next: u32,
    /// Instants of arrival, in ns.
    #[serde(skip)]
    arrived: Arc<Vec<u64>>,
}

#[Model]
impl Source {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        let first = MonotonicTime::EPOCH + Duration::from_nanos(self.arrived[0]);
        cx.schedule_event(first, schedulable!(Self::arrive), ())
            .expect("the first arrival lies ahead");
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), cx: &Context<Self>) {
        self.requests.send(self.next).await;
        self.next += 1;
        if let Some(&at) = self.arrived.get(self.next as usize) {
            let next = MonotonicTime::EPOCH + Duration::from_nanos(at);
            cx.schedule_event(next, schedulable!(Self::arrive), ())
                .expect("arrivals are 1 ns apart at least");
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Station {
    idle: usize,
    queue: VecDeque<u32>,
    #[serde(skip)]
    arrived: Arc<Vec<u64>>,
    #[serde(skip)]
    service: Arc<Vec<u64>>,
    waits: Vec<u64>,
    left: usize,
    #[serde(skip)]
    result: Arc<Mutex<Vec<u64>>>,
}

#[Model]
impl Station {
    async fn request(&mut self, i: u32, cx: &Context<Self>) {
        if self.idle > 0 {
            self.idle -= 1;
            self.begin(i, cx);
        } else {
            self.queue.push_back(i);
        }
    }

    fn begin(&mut self, i: u32, cx: &Context<Self>) {
        let i = i as usize;
        let now = cx.time().duration_since(MonotonicTime::EPOCH).as_nanos() as u64;
        self.waits[i] = now - self.arrived[i];
        let service = Duration::from_nanos(self.service[i]);
        cx.schedule_event(service, schedulable!(Self::end), ())
            .expect("services take 1 ns at least");
    }

    #[nexosim(schedulable)]
    async fn end(&mut self, _: (), cx: &Context<Self>) {
        match self.queue.pop_front() {
            Some(i) => self.begin(i, cx),
            None => self.idle += 1,
        }
        self.left -= 1;
        if self.left == 0 {
            *self.result.lock().expect("one thread") = std::mem::take(&mut self.waits);
        }
    }
}

/// What is built before the clock starts, as for the others.
pub struct Prepared {
    arrived: Arc<Vec<u64>>,
    service: Arc<Vec<u64>>,
}

pub fn prepare(input: &Input) -> Prepared {
    Prepared {
        arrived: Arc::new(input.arrived.clone()),
        service: Arc::new(input.service.clone()),
    }
}

pub fn nexosim(input: &Prepared, wait: &mut [u64]) {
    let result = Arc::new(Mutex::new(Vec::new()));
    let mut source = Source {
        requests: Output::default(),
        next: 0,
        arrived: input.arrived.clone(),
    };
    let station = Station {
        idle: SERVERS,
        queue: VecDeque::new(),
        arrived: input.arrived.clone(),
        service: input.service.clone(),
        waits: vec![0; wait.len()],
        left: wait.len(),
        result: result.clone(),
    };
    let (source_box, station_box) = (Mailbox::new(), Mailbox::new());
    source.requests.connect(Station::request, &station_box);
    let mut simulation = SimInit::with_num_threads(1)
        .add_model(source, source_box, "source")
        .add_model(station, station_box, "station")
        .init(MonotonicTime::EPOCH)
        .expect("a sound bench");
    simulation.run().expect("a run to the end");
    wait.copy_from_slice(&result.lock().expect("one thread"));
}
