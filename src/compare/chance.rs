//! The tests themselves: Student's t, Fisher's exact test as mid-p, Wilson and Newcombe intervals, Holm's correction.
//!
//! All two-sided. Sources: Lentz's continued fraction for the incomplete beta function (Press et al. 2007, 6.4); Lancaster
//! 1961 for the mid-p; Wilson 1927; Newcombe 1998 (Statist. Med. 17:873, method 10); Holm 1979.
//! Not here: what is tested, and how far rows depend on one another (`blocks`, `share`).

/// The standard normal's 97.5 % point.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Probability that |T| is at least `t`, by Student's distribution; degrees of freedom need not be whole.
pub fn student(t: f64, freedom: f64) -> f64 {
    if t.is_nan() || freedom.is_nan() || freedom <= 0.0 {
        return 1.0;
    }
    if t.is_infinite() {
        return 0.0;
    }
    beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The t that is exceeded on both sides together with this probability: by bisection, to 1e-9.
pub fn student_point(p: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e4);
    while high - low > 1e-9 * (1.0 + low) {
        let mid = (low + high) / 2.0;
        if student(mid, freedom) > p {
            low = mid;
        } else {
            high = mid;
        }
    }
    (low + high) / 2.0
}

/// The regularised incomplete beta function I_x(a, b).
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log(x)
            + b * libm::log1p(-x),
    );
    // The fraction converges on one side of the mean; the other is its mirror.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            step = c * d;
            sum *= step;
        }
        if (step - 1.0).abs() < 1e-14 {
            break;
        }
    }
    sum
}

/// Fisher's exact test of `x` of `n` against `y` of `m`, as twice the smaller one-sided mid-p: what is observed counts half,
/// which takes back most of what an exact test of few events gives away.
pub fn fisher_mid(x: u64, n: u64, y: u64, m: u64) -> f64 {
    let (x, y) = (x.min(n), y.min(m));
    let total = x + y;
    if total == 0 || total == n + m {
        return 1.0;
    }
    let choose = |n: u64, k: u64| {
        let (n, k) = (n as f64, k as f64);
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
    };
    let all = choose(n + m, total);
    let of = |k: u64| libm::exp(choose(n, k) + choose(m, total - k) - all);
    let least = total.saturating_sub(m);
    let most = total.min(n);
    let here = of(x);
    let below: f64 = (least..x).map(of).sum();
    let above: f64 = (x + 1..=most).map(of).sum();
    (2.0 * (below.min(above) + here / 2.0)).min(1.0)
}

/// Wilson's score interval of a share of `n`, which need not be whole.
pub fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = z * z;
    let mid = share + z2 / (2.0 * n);
    let half = z
        * (share * (1.0 - share) / n + z2 / (4.0 * n * n))
            .max(0.0)
            .sqrt();
    let over = 1.0 + z2 / n;
    (
        ((mid - half) / over).clamp(0.0, share),
        ((mid + half) / over).clamp(share, 1.0),
    )
}

/// Newcombe's interval of the difference `new - base` of two shares: keeps within -1 and 1, and has a width at zero events.
pub fn newcombe(base: (f64, f64), new: (f64, f64), z: f64) -> (f64, f64) {
    let ((p, n), (q, m)) = (base, new);
    let ((p_low, p_high), (q_low, q_high)) = (wilson(p, n, z), wilson(q, m, z));
    let square = |x: f64| x * x;
    (
        q - p - (square(q - q_low) + square(p_high - p)).sqrt(),
        q - p + (square(q_high - q) + square(p - p_low)).sqrt(),
    )
}

/// Holm's corrected p-values, in the order of the given ones.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps[a].total_cmp(&ps[b]).then(a.cmp(&b)));
    let mut corrected = vec![1.0; ps.len()];
    let mut least = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        least = least.max(ps[i] * (ps.len() - rank) as f64).min(1.0);
        corrected[i] = least;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, by: f64) {
        assert!((a - b).abs() < by, "{a} is not {b}");
    }

    #[test]
    fn student_is_that_of_the_tables() {
        // Two-sided 5 % points.
        for (freedom, t) in [
            (1.0, 12.7062),
            (5.0, 2.5706),
            (10.0, 2.2281),
            (30.0, 2.0423),
        ] {
            near(student(t, freedom), 0.05, 1e-5);
            near(student_point(0.05, freedom), t, 1e-4);
        }
        near(student(4.587, 10.0), 0.001, 1e-5);
        near(student(Z95, 1e7), 0.05, 1e-6);
        assert_eq!(student(0.0, 3.0), 1.0);
        assert_eq!(student(f64::INFINITY, 3.0), 0.0);
    }

    #[test]
    fn fishers_tea_is_fishers_tea() {
        // Three of four cups against one of four: 17/70 one-sided, of which 16/70 are the observed table.
        near(fisher_mid(3, 4, 1, 4), 2.0 * (1.0 + 8.0) / 70.0, 1e-12);
        // All of them: one in 70.
        near(fisher_mid(4, 4, 0, 4), 1.0 / 70.0, 1e-12);
        // None against seven among as many requests: (1/2)^7, halved and doubled, but for the finite numbers.
        near(fisher_mid(0, 100_000, 7, 100_000), 0.007_810, 1e-5);
        assert_eq!(fisher_mid(0, 10, 0, 10), 1.0);
        assert_eq!(fisher_mid(10, 10, 10, 10), 1.0);
        near(fisher_mid(5, 10, 5, 10), 1.0, 1e-12);
    }

    #[test]
    fn newcombe_is_that_of_his_examples() {
        // Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 5/56 - 0/29.
        for ((x, n), (y, m), low, high) in [
            ((56.0, 70.0), (48.0, 80.0), 0.0524, 0.3339),
            ((9.0, 10.0), (3.0, 10.0), 0.1705, 0.8090),
            ((5.0, 56.0), (0.0, 29.0), -0.0381, 0.1926),
        ] {
            let (a, b) = newcombe((y / m, m), (x / n, n), Z95);
            near(a, low, 1e-4);
            near(b, high, 1e-4);
        }
    }

    #[test]
    fn holm_is_that_of_the_books() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, wanted) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(*got, wanted, 1e-12);
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
