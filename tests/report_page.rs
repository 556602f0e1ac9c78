//! The page of a run, as it is written: what comes from files stays in its place, colours can be read, all of it is there.
//! How a browser shows it stands in tests/report_chromium.rs.

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::report::html::{Image, render};
use std::collections::BTreeMap;

/// Every text of a run, and of what was said of it, is this.
fn all_of(text: &str) -> String {
    let mut demo = Demo::incident(2.0);
    for judgement in &mut demo.judgements {
        judgement.gate = text.into();
        judgement.expression = text.into();
        judgement.phase = text.into();
        judgement.detail = text.into();
    }
    demo.truth
        .entries
        .iter_mut()
        .for_each(|e| e.label = text.into());
    demo.truth.causes = Some(vec![text.into()]);
    let diagnosis = &mut demo.diagnosis;
    diagnosis.summary = text.into();
    for segment in &mut diagnosis.segments {
        (segment.tag, segment.value) = (text.into(), text.into());
    }
    for list in [
        &mut diagnosis.notes,
        &mut diagnosis.cleared,
        &mut diagnosis.also,
        &mut diagnosis.limits,
    ] {
        *list = vec![text.into()];
    }
    diagnosis
        .tail
        .iter_mut()
        .for_each(|(stage, _)| *stage = text.into());
    diagnosis
        .symptoms
        .iter_mut()
        .for_each(|s| s.words = text.into());
    for cause in &mut diagnosis.causes {
        (cause.cause, cause.subject) = (text.into(), Some(text.into()));
        (cause.evidence, cause.against) = (vec![text.into()], vec![text.into()]);
        for words in [
            &mut cause.containment,
            &mut cause.remedy,
            &mut cause.next,
            &mut cause.trigger,
        ] {
            *words = text.into();
        }
    }
    let mut findings = demo.findings();
    (findings.title, findings.incident, findings.reproduce) = (text, text, text);
    (findings.question, findings.variant, findings.digest) = (Some(text), Some(text), text);
    (findings.trace.name, findings.trace.format) = (text, text);
    findings.trace.captured = vec![text];
    findings.trace.filled = vec![(text, text)];
    let image = Image {
        name: text,
        title: text,
        alt: text,
        light: b"",
        dark: b"",
    };
    render(&findings, &[image], &[text])
}

/// The names of all elements and attributes, in order: what a page is, whatever it says.
fn bones(page: &str) -> Vec<String> {
    let body = page.split("<body>").nth(1).unwrap();
    let body = body.split("<script>").next().unwrap();
    let mut bones = vec![];
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        // What stands in quotes is no name.
        let names = tag.split('"').step_by(2).collect::<String>();
        bones.push(names);
    }
    bones
}

#[test]
fn no_text_of_a_file_or_a_trace_becomes_an_element_or_an_attribute() {
    let plain = bones(&all_of("plain"));
    assert!(plain.len() > 200, "{}", plain.len());
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "--></style></script><svg onload=alert(1)>",
        "&lt;b&gt;&#60;",
        "javascript:alert(1)",
    ] {
        let page = all_of(hostile);
        assert!(bones(&page) == plain, "{hostile}");
        // A link to a file leads to a file of that name, whatever the name.
        assert!(!page.contains("href=\"javascript:"), "{hostile}");
    }
}

#[test]
fn a_page_of_equal_findings_is_equal_to_the_byte() {
    let page = || render(&Demo::incident(2.0).findings(), &[], &["summary.json"]);
    assert!(page() == page());
}

#[test]
fn it_says_the_verdict_first_and_then_what_it_rests_on() {
    let page = all_of("x");
    let order = [
        "verdict",
        "diagnosis",
        "gates",
        "figures",
        "pictures",
        "course",
        "numbers",
        "run",
        "files",
    ];
    let places = order.map(|id| {
        page.find(&format!("<section id=\"{id}\""))
            .unwrap_or(usize::MAX)
    });
    assert!(places.is_sorted() && places[8] < page.len(), "{places:?}");
    assert!(page.contains("<title>✗ x · gameday</title>"));
}

#[test]
fn what_moved_since_a_baseline_is_told_where_there_is_one() {
    let demo = Demo::incident(2.0);
    let mut findings = demo.findings();
    assert!(!render(&findings, &[], &[]).contains("id=\"moved\""));
    let movement = gameday::baseline::Movement {
        baseline: "baselines/<a>.json".into(),
        identical: true,
        tolerance: 0.05,
        phases: vec![],
        moved: vec![],
    };
    findings.moved = Some(&movement);
    let page = render(&findings, &[], &[]);
    assert!(page.contains("against baselines/&lt;a&gt;.json"), "{page}");
    assert!(page.contains("<p>the same to the byte</p>"), "{page}");
    assert!(page.contains("<a href=\"#moved\">"), "{page}");
}

/// Red, green and blue of `#rrggbb`, 0 to 255.
fn colour(hex: &str) -> [f64; 3] {
    [1, 3, 5].map(|i| f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()))
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| match c / 255.0 {
        c if c <= 0.04045 => c / 12.92,
        c => libm::pow((c + 0.055) / 1.055, 2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(colour(a)), luminance(colour(b)));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_colour_of_text_can_be_read_on_every_ground_in_both_themes() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    let css = include_str!("../src/report/html/style.css");
    let mut colours: BTreeMap<&str, [&str; 2]> = BTreeMap::new();
    for line in css.lines().filter(|l| l.contains("light-dark(")) {
        let (name, value) = line.trim().split_once(": light-dark(").unwrap();
        let (light, dark) = value.trim_end_matches(");").split_once(", ").unwrap();
        colours.insert(name, [light, dark]);
    }
    assert!(colours.len() > 12, "{colours:?}");
    let text = ["--ink", "--soft", "--link", "--good", "--bad", "--doubt"];
    let tints = ["--good-tint", "--bad-tint", "--doubt-tint"];
    let grounds = ["--paper", "--panel"];
    for theme in [0, 1] {
        let of = |name: &str| colours[name][theme];
        let hold = |a: &str, b: &str, least: f64| {
            let contrast = contrast(of(a), of(b));
            assert!(
                contrast >= least,
                "{a} on {b}, theme {theme}: {contrast:.2}"
            );
        };
        for name in text {
            grounds.iter().for_each(|ground| hold(name, ground, 4.5));
        }
        // On a tint stand ink, links, and every mark.
        for name in ["--ink", "--link", "--good", "--bad", "--doubt"] {
            tints.iter().for_each(|ground| hold(name, ground, 4.5));
        }
        // Borders of what can be pressed.
        grounds
            .iter()
            .for_each(|ground| hold("--edge", ground, 3.0));
    }
}

#[cfg(feature = "plots")]
#[test]
fn pictures_say_in_words_what_is_seen_on_them() {
    use gameday::report::plots::{PLOTS, caption};
    let demo = Demo::incident(20.0);
    for plot in PLOTS {
        // The demo has not everything that there are pictures of.
        let Some(figure) = (plot.figure)(&demo.findings()) else {
            continue;
        };
        let words = caption(&figure);
        assert!(words.len() < 4000, "{}: {words}", words.len());
        assert!(words.starts_with(&figure.title), "{words}");
    }
    let timeline = (PLOTS[0].figure)(&demo.findings()).unwrap();
    let words = caption(&timeline);
    for part in [
        "hit rate ",
        "Marked: deploy 7f3a (true onset) at 00:20:00, fault: latency llm at 00:26:00",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}
