//! What is on the pictures, as text; how they look must be looked at: `cargo run --example report_demo`.
#![cfg(feature = "plots")]

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::report::plots::{PLOTS, pictures};

#[test]
fn the_series_of_every_plot_are_as_they_were() {
    let demo = Demo::incident(20.0);
    for plot in PLOTS {
        // The families of other incidents have pictures in tests/report_families.rs.
        let Some(figure) = (plot.figure)(&demo.findings()) else {
            continue;
        };
        insta::assert_snapshot!(format!("figure_{}", plot.name), figure.text(24));
    }
}

#[test]
fn pictures_are_the_same_to_the_byte_on_every_run() {
    let demo = Demo::incident(5.0);
    let bytes = || -> Vec<(Vec<u8>, Vec<u8>)> {
        let drawn = pictures(&demo.findings()).unwrap();
        drawn.into_iter().map(|p| (p.light, p.dark)).collect()
    };
    assert!(bytes() == bytes());
}

#[test]
fn a_run_without_a_cache_has_no_picture_of_it() {
    let mut demo = Demo::incident(5.0);
    let none = (0..demo.recording.requests.len()).map(|_| 0).collect();
    demo.recording
        .requests
        .put_column(gameday::recording::requests::cache, none);
    let demo = Demo::of(demo.recording, demo.truth, demo.diagnosis, demo.judgements);
    let drawn = pictures(&demo.findings()).unwrap();
    let names: Vec<&str> = drawn.iter().map(|p| p.name).collect();
    assert_eq!(
        names,
        [
            "timeline",
            "heatmap",
            "latency",
            "tail",
            "dependencies",
            "limits",
            "queue"
        ]
    );
}
