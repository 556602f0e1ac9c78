//! Elementary functions with the same bits on every machine.
//!
//! Only `+ - * /`, square roots and `libm`, whose results IEEE 754 or its source fix; never the
//! platform's mathematics. Not general: what the distributions need.

// Coefficients are quoted as published.
#![allow(
    clippy::excessive_precision,
    reason = "coefficients are quoted as published"
)]

/// `e^x`, within 2 units in the last place of the true value: half the time of `libm::exp`.
///
/// Range reduction by Cody & Waite 1980 with two-part ln 2, then Taylor to the 13th power on
/// |r| <= 0.347, in Estrin's order. No fused operations.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    if !(-700.0..700.0).contains(&x) {
        return libm::exp(x); // overflow, underflow, NaN
    }
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52: rounds to an integer in the low bits
    const LN2_HIGH: f64 = 6.931_471_803_691_238_16e-01;
    const LN2_LOW: f64 = 1.908_214_929_270_587_70e-10;
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let k = i64::from(shifted.to_bits() as i32);
    let whole = shifted - SHIFT;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let r2 = r * r;
    let r4 = r2 * r2;
    // 1/n!
    let a = (1.0 + r) + r2 * (0.5 + r * 0.166_666_666_666_666_66);
    let b = (0.041_666_666_666_666_664 + r * 0.008_333_333_333_333_333)
        + r2 * (0.001_388_888_888_888_889 + r * 0.000_198_412_698_412_698_4);
    let c = (2.480_158_730_158_73e-05 + r * 2.755_731_922_398_589_3e-06)
        + r2 * (2.755_731_922_398_589e-07 + r * 2.505_210_838_544_172e-08);
    let d = 2.087_675_698_786_81e-09 + r * 1.605_904_383_682_161_3e-10;
    let e_to_r = a + r4 * (b + r4 * (c + r4 * d));
    e_to_r * f64::from_bits(((k + 1023) as u64) << 52)
}

/// The natural logarithm.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The standard normal quantile of `p` in (0, 1): relative error about 1e-16.
/// Source: algorithm AS 241, PPND16 (Wichura 1988).
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q
            * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r
                + 67265.770927008700853)
                * r
                + 45921.953931549871457)
                * r
                + 13731.693765509461125)
                * r
                + 1971.5909503065514427)
                * r
                + 133.14166789178437745)
                * r
                + 3.387132872796366608)
            / (((((((5226.495278852545925 * r + 28729.085735721942674) * r
                + 39307.89580009271061)
                * r
                + 21213.794301586595867)
                * r
                + 5394.1960214247511077)
                * r
                + 687.1870074920579083)
                * r
                + 42.313330701600911252)
                * r
                + 1.0);
    }
    let r = libm::sqrt(-ln(if q < 0.0 { p } else { 1.0 - p }));
    let x = if r <= 5.0 {
        let r = r - 1.6;
        (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r
            + 0.24178072517745061177)
            * r
            + 1.27045825245236838258)
            * r
            + 3.64784832476320460504)
            * r
            + 5.7694972214606914055)
            * r
            + 4.6303378461565452959)
            * r
            + 1.42343711074968357734)
            / (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
                + 0.0151986665636164571966)
                * r
                + 0.14810397642748007459)
                * r
                + 0.68976733498510000455)
                * r
                + 1.6763848301838038494)
                * r
                + 2.05319162663775882187)
                * r
                + 1.0)
    } else {
        let r = r - 5.0;
        (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
            + 0.0012426609473880784386)
            * r
            + 0.026532189526576123093)
            * r
            + 0.29656057182850489123)
            * r
            + 1.7848265399172913358)
            * r
            + 5.4637849111641143699)
            * r
            + 6.6579046435011037772)
            / (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
                + 1.8463183175100546818e-5)
                * r
                + 7.868691311456132591e-4)
                * r
                + 0.0148753612908506148525)
                * r
                + 0.13692988092273580531)
                * r
                + 0.59983220655588793769)
                * r
                + 1.0)
    };
    if q < 0.0 { -x } else { x }
}

/// The gamma function.
pub fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::{Dice, Purpose};

    #[test]
    fn exp_agrees_with_libm_to_two_units_in_the_last_place() {
        let dice = Dice::new(9, 0);
        let mut worst = 0.0f64;
        for i in 0..1_000_000 {
            let x = dice.draw(Purpose::named("x"), i).unit() * 1400.0 - 700.0;
            worst = worst.max((exp(x) / libm::exp(x) - 1.0).abs());
        }
        assert!(worst <= 2.0 * f64::EPSILON, "{worst:e}");
        for x in [f64::NEG_INFINITY, -1e9, 0.0, 1e9, f64::INFINITY] {
            assert_eq!(exp(x), libm::exp(x));
        }
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        // R: qnorm(c(0.5, 0.975, 0.999, 1e-10), log = FALSE)
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!(
                (normal_quantile(p) - z).abs() < 1e-14 * (1.0 + z.abs()),
                "{p}"
            );
        }
    }
}
