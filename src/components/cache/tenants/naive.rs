//! The same cache in lists that are walked from end to end: what the real one is held against.

/// An entry.
#[derive(Clone, Copy)]
struct Held {
    tenant: u64,
    key: u64,
    expires: u64,
    bytes: u64,
}

pub(super) struct Naive {
    pub entries: usize,
    pub bytes: u64,
    /// What of both is divided among tenants.
    pub private: (u64, u64),
    /// Weight of each tenant.
    pub weight: fn(u64) -> u64,
    /// Entries and bytes that a tenant may hold.
    pub budget: (usize, u64),
    /// Most recent first, each tenant's among the others'.
    own: Vec<Held>,
    shared: Vec<Held>,
}

impl Naive {
    pub fn new(
        (entries, bytes): (usize, u64),
        private: (u64, u64),
        budget: (usize, u64),
        weight: fn(u64) -> u64,
    ) -> Naive {
        Naive {
            entries,
            bytes,
            private,
            weight,
            budget,
            own: vec![],
            shared: vec![],
        }
    }

    pub fn len(&self) -> usize {
        self.own.len() + self.shared.len()
    }

    fn all(&self) -> impl Iterator<Item = &Held> {
        self.own.iter().chain(&self.shared)
    }

    pub fn total_bytes(&self) -> u64 {
        self.all().map(|e| e.bytes).sum()
    }

    pub fn of(&self, tenant: u64) -> usize {
        self.all().filter(|e| e.tenant == tenant).count()
    }

    /// Share of a tenant among those that hold something, `writer` included.
    pub fn share(&self, tenant: u64, writer: u64) -> (u64, u64) {
        let mut there: Vec<u64> = self.all().map(|e| e.tenant).chain([writer]).collect();
        there.sort_unstable();
        there.dedup();
        let all: u64 = there.iter().map(|t| (self.weight)(*t)).sum();
        let part =
            |n: u64| (u128::from(n) * u128::from((self.weight)(tenant)) / u128::from(all)) as u64;
        (part(self.private.0), part(self.private.1))
    }

    fn private_of(&self, tenant: u64) -> (u64, u64) {
        let own = self.own.iter().filter(|e| e.tenant == tenant);
        own.fold((0, 0), |(n, b), e| (n + 1, b + e.bytes))
    }

    fn settle(&mut self, tenant: u64) {
        let share = self.share(tenant, tenant);
        loop {
            let held = self.private_of(tenant);
            if held.0 <= share.0 && held.1 <= share.1 {
                return;
            }
            let last = self.own.iter().rposition(|e| e.tenant == tenant).unwrap();
            let moved = self.own.remove(last);
            self.shared.insert(0, moved);
        }
    }

    fn take(&mut self, tenant: u64, key: u64) -> Option<Held> {
        let at = |list: &[Held]| list.iter().position(|e| (e.tenant, e.key) == (tenant, key));
        if let Some(i) = at(&self.own) {
            return Some(self.own.remove(i));
        }
        at(&self.shared).map(|i| self.shared.remove(i))
    }

    pub fn get(&mut self, tenant: u64, key: u64, now: u64) -> bool {
        let found = self.all().find(|e| (e.tenant, e.key) == (tenant, key));
        if found.is_none_or(|e| e.expires <= now) {
            return false;
        }
        let entry = self.take(tenant, key).unwrap();
        self.own.insert(0, entry);
        self.settle(tenant);
        true
    }

    pub fn put(&mut self, tenant: u64, key: u64, bytes: u64, expires: u64) {
        if bytes > self.budget.1 {
            return;
        }
        self.take(tenant, key);
        let over = |n: &Naive| {
            let held: Vec<&Held> = n.all().filter(|e| e.tenant == tenant).collect();
            let sum: u64 = held.iter().map(|e| e.bytes).sum();
            held.len() + 1 > n.budget.0 || sum + bytes > n.budget.1
        };
        while over(self) {
            match self.shared.iter().rposition(|e| e.tenant == tenant) {
                Some(i) => self.shared.remove(i),
                None => {
                    let i = self.own.iter().rposition(|e| e.tenant == tenant);
                    self.own.remove(i.unwrap())
                }
            };
        }
        let entry = Held {
            tenant,
            key,
            expires,
            bytes,
        };
        self.own.insert(0, entry);
        self.settle(tenant);
        while self.len() > self.entries || self.total_bytes() > self.bytes {
            self.evict(tenant);
        }
    }

    fn evict(&mut self, writer: u64) {
        while let Some(last) = self.shared.last().copied() {
            let share = self.share(last.tenant, writer);
            let held = self.private_of(last.tenant);
            let first = self.shared.iter().position(|e| e.tenant == last.tenant);
            let back = self.shared[first.unwrap()];
            if held.0 + 1 > share.0 || held.1 + back.bytes > share.1 {
                self.shared.pop();
                return;
            }
            self.own.push(self.shared[first.unwrap()]);
            self.shared.remove(first.unwrap());
        }
        let load = |t: u64| {
            let (n, b) = self.private_of(t);
            (n as f64 / self.entries as f64).max(b as f64 / self.bytes as f64)
                / (self.weight)(t) as f64
        };
        let most = self
            .own
            .iter()
            .map(|e| e.tenant)
            .max_by(|a, b| load(*a).total_cmp(&load(*b)).then(a.cmp(b)));
        let last = self.own.iter().rposition(|e| Some(e.tenant) == most);
        self.own.remove(last.unwrap());
    }
}
