//! The pictures of the families of incidents: what is on them, where they appear, and that anybody can tell their colours
//! apart.
#![cfg(feature = "plots")]

#[path = "../examples/report_demo/data.rs"]
mod data;
mod plots_support;
mod replay_support;

use data::Demo;
use gameday::config::Names;
use gameday::diagnosis::Diagnosis;
use gameday::incident::{Incident, Overlay, Registries, Run};
use gameday::indicators::{Watch, Windows};
use gameday::recording::{Recording, gauges};
use gameday::report::plots::{
    DARK, Figure, LIGHT, PLOTS, Palette, Role, Series, Shape, caption, pictures,
};
use gameday::report::{Findings, TraceFacts};
use plots_support::{END, ONSET, S, diagnosis, everything};
use std::path::Path;

/// Pictures that have a place in any report of a run in which requests took time.
const ALWAYS: [&str; 4] = ["timeline", "heatmap", "latency", "tail"];

fn findings<'a>(
    recording: &'a Recording,
    watch: &'a Watch,
    truth: &'a gameday::incident::Truth,
    diagnosis: &'a Diagnosis,
) -> Findings<'a> {
    Findings {
        title: "Everything at once",
        question: None,
        incident: "everything",
        variant: None,
        seed: Some(1),
        moved: None,
        digest: "0",
        requests_replayed: recording.requests.len() as u64,
        tries: recording.requests.len() as u64,
        background: 0,
        virtual_length: END * S,
        trace: TraceFacts::default(),
        truth,
        judgements: &[],
        diagnosis,
        watch,
        recording: Some(recording),
        bytes_kept: 0,
        reproduce: "",
        sealed: None,
    }
}

fn names(findings: &Findings) -> Vec<&'static str> {
    let shown = PLOTS.iter().filter(|p| (p.figure)(findings).is_some());
    shown.map(|p| p.name).collect()
}

#[test]
fn every_plot_shows_what_it_is_for() {
    let (recording, watch, truth) = everything();
    let diagnosis = diagnosis();
    let findings = findings(&recording, &watch, &truth, &diagnosis);
    for plot in PLOTS.iter().filter(|p| p.name != "cache") {
        let figure = (plot.figure)(&findings).unwrap_or_else(|| panic!("{}", plot.name));
        insta::assert_snapshot!(format!("family_{}", plot.name), figure.text(6));
    }
}

#[test]
fn captions_say_it_in_words() {
    let (recording, watch, truth) = everything();
    let diagnosis = diagnosis();
    let findings = findings(&recording, &watch, &truth, &diagnosis);
    let told = PLOTS.iter().filter_map(|plot| {
        let figure = (plot.figure)(&findings)?;
        Some(format!("{}: {}", plot.name, caption(&figure)))
    });
    let captions: Vec<String> = told.collect();
    insta::assert_snapshot!("family_captions", captions.join("\n"));
}

#[test]
fn pictures_are_the_same_to_the_byte_and_can_be_read() {
    let (recording, watch, truth) = everything();
    let diagnosis = diagnosis();
    let findings = findings(&recording, &watch, &truth, &diagnosis);
    let (first, second) = (pictures(&findings).unwrap(), pictures(&findings).unwrap());
    assert_eq!(first.len(), PLOTS.len() - 1, "all but the cache");
    for (a, b) in first.iter().zip(&second) {
        assert!(a.light == b.light && a.dark == b.dark, "{}", a.name);
        let (light, dark) = (size(&a.light), size(&a.dark));
        assert_eq!(light, dark, "{}", a.name);
        assert!(light.0 == 1200 && light.1 > 200, "{} {light:?}", a.name);
        assert!(a.light != a.dark, "{}", a.name);
    }
}

/// Decodes a PNG to its last pixel.
fn size(bytes: &[u8]) -> (u32, u32) {
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width, frame.height)
}

#[test]
fn without_rows_pictures_do_with_what_windows_know() {
    let (recording, watch, truth) = everything();
    let diagnosis = diagnosis();
    let mut findings = findings(&recording, &watch, &truth, &diagnosis);
    findings.recording = None;
    let names = names(&findings);
    assert!(!names.contains(&"flame"), "{names:?}");
    for name in [
        "limits",
        "queue",
        "parsing",
        "dependencies",
        "overload",
        "cpu",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(pictures(&findings).unwrap().len(), names.len());
}

#[test]
fn a_run_in_which_nothing_of_a_kind_happens_has_no_picture_of_it() {
    let demo = Demo::incident(5.0);
    assert_eq!(
        names(&demo.findings()),
        [
            "timeline",
            "heatmap",
            "latency",
            "tail",
            "cache",
            "dependencies",
            "limits",
            "queue"
        ]
    );
    let nothing = Recording::default();
    let watch = Watch::from_recording(&nothing, Windows::new(S, 10 * S, &[]));
    let (truth, diagnosis) = (Default::default(), diagnosis());
    let findings = findings(&nothing, &watch, &truth, &diagnosis);
    assert_eq!(names(&findings), ["timeline", "latency"]);
    pictures(&findings).unwrap();
}

/// Readings may be anything, and names of any length: nothing panics, and no legend leaves its picture.
#[test]
fn readings_that_are_no_numbers_and_names_without_end_can_be_drawn() {
    let (mut recording, _, truth) = everything();
    let odd = [f64::NAN, f64::INFINITY, -1.0, 1e300, 0.0, f64::NEG_INFINITY];
    let values = &recording.gauges.column(gauges::value).unwrap();
    let values = (0..values.len()).map(|i| odd[i % odd.len()].to_bits());
    let values = values.collect();
    recording.gauges.put_column(gauges::value, values);
    for dictionary in ["tenant", "class", "client", "dependency", "step", "region"] {
        let mut names = Names::default();
        for i in 0..3 {
            names.number(&format!(
                "{dictionary} {i} {}",
                "of a very long name ".repeat(20)
            ));
        }
        recording.names.insert(dictionary, names);
    }
    let windows = Windows::new(10 * S, END * S, &[7, ONSET * S]);
    let watch = Watch::from_recording(&recording, windows);
    let diagnosis = diagnosis();
    let findings = findings(&recording, &watch, &truth, &diagnosis);
    assert!(names(&findings).len() > 8, "{:?}", names(&findings));
    for plot in PLOTS {
        let figure = (plot.figure)(&findings);
        assert!(figure.is_none_or(|f| !f.text(9).is_empty() && !caption(&f).is_empty()));
    }
    pictures(&findings).unwrap();
}

/// Each incident of production, shortened, has the picture of its family, and not those of the others.
#[test]
fn incidents_have_the_pictures_of_their_families() {
    let table: &[(&str, &str, &[&str])] = &[
        ("incident-21", "5m", &["dependencies"]),
        ("incident-22", "5m", &["parsing"]),
        ("incident-23", "5m", &["limits", "overload"]),
        ("incident-25", "12m", &["leavers"]),
        ("incident-26", "8m", &["writes"]),
        ("incident-27", "15m", &["queue"]),
        ("incident-28", "4m", &["cpu", "flame"]),
        ("incident-29", "10m", &["honest"]),
        ("incident-30", "6m", &["dependencies", "overload"]),
    ];
    for (name, length, own) in table {
        let run = short_run(name, length);
        let diagnosis = diagnosis();
        let findings = findings(&run.recording, run.watched.all(), &run.truth, &diagnosis);
        let shown = names(&findings);
        for name in ALWAYS.iter().chain(*own) {
            assert!(shown.contains(name), "{name}: {shown:?}");
        }
        let of_others: Vec<&&str> = shown.iter().filter(|n| !ALWAYS.contains(n)).collect();
        let foreign = of_others.iter().filter(|n| !own.contains(n)).count();
        assert!(foreign <= 1, "{name}: {shown:?}");
    }
}

fn short_run(name: &str, length: &str) -> Run {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("incidents/{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let overlay = Overlay {
        set: vec![format!("trace.duration={length}")],
        ..Overlay::default()
    };
    let registries = Registries::builtin();
    let incident = Incident::read(&path, &text, &overlay, &Default::default(), &registries);
    replay_support::rerun(&incident.unwrap_or_else(|refusal| panic!("{refusal}")))
}

/// CIE Lab distance that two colours need for somebody to tell them apart at the size of a swatch: about ten times what
/// can just be seen side by side.
const APART: f64 = 10.0;

#[test]
fn everybody_can_tell_series_of_a_panel_apart() {
    let (recording, watch, truth) = everything();
    let diagnosis = diagnosis();
    let demo = Demo::incident(5.0);
    let every = findings(&recording, &watch, &truth, &diagnosis);
    let demo = demo.findings();
    let mut pairs = 0;
    for findings in [&every, &demo] {
        for figure in PLOTS.iter().filter_map(|p| (p.figure)(findings)) {
            for panel in &figure.panels {
                for (i, a) in panel.series.iter().enumerate() {
                    for b in &panel.series[i + 1..] {
                        apart(&figure, a, b);
                        pairs += 1;
                    }
                }
            }
        }
    }
    assert!(pairs > 40, "{pairs}");
    // As many of a kind as any panel has, as areas and as lines.
    let kinds: Vec<Role> = (0..8).map(Role::Nth).collect();
    let stages = [
        Role::Queue,
        Role::Flight,
        Role::Pool,
        Role::Backoff,
        Role::Call,
        Role::Compute,
        Role::Rest,
    ];
    for roles in [&kinds[..], &stages[..]] {
        for (i, a) in roles.iter().enumerate() {
            for b in &roles[i + 1..] {
                assert_apart("a stack", *a, *b);
            }
        }
    }
}

fn apart(figure: &Figure, a: &Series, b: &Series) {
    let dashes = |s: &Series| (s.shape == Shape::Line).then(|| LIGHT.pen(s.role).dash);
    if let (Some(x), Some(y)) = (dashes(a), dashes(b))
        && x != y
    {
        return; // told apart without any colour
    }
    assert_apart(&figure.title, a.role, b.role);
}

fn assert_apart(what: &str, a: Role, b: Role) {
    for (theme, palette) in [("light", &LIGHT), ("dark", &DARK)] {
        for (vision, matrix) in VISIONS {
            let lab = |role| seen(palette, role, matrix);
            let (x, y) = (lab(a), lab(b));
            let square: f64 = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum();
            let distance = libm::sqrt(square);
            assert!(
                distance >= APART,
                "{what}: {a:?} and {b:?} are {distance:.1} apart for {vision} eyes, {theme}"
            );
        }
    }
}

/// What somebody sees, in CIE Lab under D65.
fn seen(palette: &Palette, role: Role, vision: &[[f64; 3]; 3]) -> [f64; 3] {
    let colour = palette.pen(role).colour;
    lab([colour.0, colour.1, colour.2], vision)
}

fn lab(rgb: [u8; 3], vision: &[[f64; 3]; 3]) -> [f64; 3] {
    let linear = rgb.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            libm::pow((c + 0.055) / 1.055, 2.4)
        }
    });
    let dot = |row: &[f64; 3], v: &[f64; 3]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
    let rgb = [0, 1, 2].map(|i| dot(&vision[i], &linear).clamp(0.0, 1.0));
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456, 0.357_576, 0.180_437],
        [0.212_673, 0.715_152, 0.072_175],
        [0.019_334, 0.119_192, 0.950_304],
    ];
    let white = [0.950_47, 1.0, 1.088_83];
    let [x, y, z] = [0, 1, 2].map(|i| {
        let t = dot(&XYZ[i], &rgb) / white[i];
        if t > 216.0 / 24389.0 {
            libm::cbrt(t)
        } else {
            (24389.0 / 27.0 * t + 16.0) / 116.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Eyes: Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
/// TVCG 2009, at full severity.
const VISIONS: [(&str, &[[f64; 3]; 3]); 4] = [
    ("most", &[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanope",
        &[
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranope",
        &[
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanope",
        &[
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

/// The map of counts goes evenly from light to dark for every eye.
#[test]
fn the_ramp_of_counts_is_even_for_everybody() {
    for palette in [&LIGHT, &DARK] {
        for (vision, matrix) in VISIONS {
            let light = |i: u32| lightness(palette, f64::from(i) / 16.0, matrix);
            let steps: Vec<f64> = (0..16).map(|i| light(i + 1) - light(i)).collect();
            let one_way = steps.iter().all(|s| *s > 0.0) || steps.iter().all(|s| *s < 0.0);
            assert!(one_way, "{vision} {steps:?}");
            let sizes: Vec<f64> = steps.iter().map(|s| s.abs()).collect();
            let (least, most) = (
                sizes.iter().copied().fold(f64::INFINITY, f64::min),
                sizes.iter().copied().fold(0.0, f64::max),
            );
            assert!(most < 3.0 * least, "{vision} {steps:?}");
        }
    }
}

fn lightness(palette: &Palette, strength: f64, vision: &[[f64; 3]; 3]) -> f64 {
    let colour = palette.ramp(strength);
    lab([colour.0, colour.1, colour.2], vision)[0]
}
