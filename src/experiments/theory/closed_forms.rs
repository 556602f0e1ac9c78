//! What queueing theory says, in closed form. Time is in units of the caller.
//!
//! Sources: Erlang 1917; Pollaczek 1930 and Khinchine 1932; Kleinrock, Queueing Systems I, 1975;
//! for the variance, Whitt, Planning queueing simulations, 1989.

/// Erlang's loss formula B(c, a): the share of arrivals that find all of `servers` busy and go
/// away, at an offered load of `a` servers.
pub fn erlang_b(servers: usize, a: f64) -> f64 {
    (1..=servers).fold(1.0, |b, k| a * b / (k as f64 + a * b))
}

/// Erlang's delay formula C(c, a): the share that has to wait, if they stay (`a` < `servers`).
pub fn erlang_c(servers: usize, a: f64) -> f64 {
    let b = erlang_b(servers, a);
    b / (1.0 - a / servers as f64 * (1.0 - b))
}

/// M/M/c: the mean wait in the queue.
pub fn mmc_mean_wait(servers: usize, load: f64, mean_service: f64) -> f64 {
    let c = servers as f64;
    erlang_c(servers, load * c) * mean_service / (c * (1.0 - load))
}

/// M/M/c: the share of waits over `t`.
pub fn mmc_share_over(servers: usize, load: f64, mean_service: f64, t: f64) -> f64 {
    let c = servers as f64;
    erlang_c(servers, load * c) * libm::exp(-c * (1.0 - load) * t / mean_service)
}

/// M/G/1 (Pollaczek-Khinchine): the mean wait in the queue.
pub fn mg1_mean_wait(load: f64, mean_service: f64, mean_square_service: f64) -> f64 {
    load / mean_service * mean_square_service / (2.0 * (1.0 - load))
}

/// M/M/c/K: the share of arrivals that find `places` (servers included) all taken.
pub fn mmck_loss(servers: usize, places: usize, load: f64) -> f64 {
    let a = load * servers as f64;
    // Unnormalised probabilities of n in the system, from 0 to K.
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..=places {
        term *= a / n.min(servers) as f64;
        sum += term;
    }
    term / sum
}

/// M/M/1: n times the variance of the mean of n successive waits, for large n. At 90 % load it is
/// 443 squared means: 18 million requests tell the mean to 0.5 %.
pub fn mm1_asymptotic_variance(load: f64, mean_service: f64) -> f64 {
    let idle = 1.0 - load;
    let squared = idle * idle;
    load * (2.0 + 5.0 * load - 4.0 * load * load + load * load * load) / (squared * squared)
        * (mean_service * mean_service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-4, "{a} against {b}");
    }

    #[test]
    fn formulas_give_the_values_of_the_textbooks() {
        close(erlang_b(10, 7.0), 0.07874);
        close(erlang_c(10, 7.0), 0.22173);
        // One server: C = load, and the wait of M/M/1.
        close(erlang_c(1, 0.9), 0.9);
        close(mmc_mean_wait(1, 0.9, 1.0), 9.0);
        close(mg1_mean_wait(0.9, 1.0, 2.0), 9.0); // exponential: E[S^2] = 2
        close(mg1_mean_wait(0.9, 1.0, 1.0), 4.5); // constant: half of that
        close(mmck_loss(4, 4, 0.8), erlang_b(4, 3.2));
        close(mmck_loss(1, 2, 1.0), 1.0 / 3.0);
        close(mmc_share_over(1, 0.9, 1.0, 0.0), 0.9);
    }

    #[test]
    fn half_a_percent_of_the_mean_at_90_percent_load_takes_18_million_requests() {
        let needed = mm1_asymptotic_variance(0.9, 1.0) / (0.005 * 9.0 * 0.005 * 9.0);
        assert!((17.5e6..18.0e6).contains(&needed), "{needed}");
    }
}
