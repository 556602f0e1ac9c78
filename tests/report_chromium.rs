//! The page of a run as a browser shows it: by key, at every width, in both themes, on paper, to a screen reader.
//! What was seen is left in target/tmp/report_chromium, to look at.
#![cfg(all(unix, feature = "plots"))]

mod chromium_support;
#[path = "../examples/report_demo/data.rs"]
mod data;
mod provided;

use chromium_support::Browser;
use data::Demo;
use gameday::report::{html, index, write_all};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

const NAMES: [&str; 12] = [
    "timeline", "latency", "cache", "tail", "heat", "writes", "limits", "queues", "retries",
    "tenants", "fairness", "cores",
];

/// A picture of one colour, with a black frame.
fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let frame = |i: u32| {
        let (x, y) = (i % width, i / width);
        x < 4 || y < 4 || x + 4 >= width || y + 4 >= height
    };
    let pixels = (0..width * height).flat_map(|i| if frame(i) { [0; 3] } else { colour });
    let pixels: Vec<u8> = pixels.collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The page of the demo with so many made-up pictures.
fn page(folder: &Path, pictures: usize) -> PathBuf {
    let demo = Demo::incident(2.0);
    let (light, dark) = (
        png(1280, 720, [255, 255, 255]),
        png(1280, 720, [21, 24, 29]),
    );
    let images: Vec<html::Image> = NAMES[..pictures]
        .iter()
        .map(|name| html::Image {
            name,
            title: "A picture of <something>",
            alt: "all of one colour",
            light: &light,
            dark: &dark,
        })
        .collect();
    let file = folder.join(format!("{pictures}.html"));
    let html = html::render(&demo.findings(), &images, &["summary.json"]);
    fs::write(&file, html).unwrap();
    file
}

/// Keeps a picture of what is seen, and gives its mean brightness, 0 to 255, and how many colours it has.
fn look(browser: &mut Browser, name: &str) -> (f64, usize) {
    let bytes = browser.screenshot();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report_chromium");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.png")), &bytes).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let pixels = &pixels[..info.buffer_size()];
    let mean = pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / pixels.len() as f64;
    let colours: std::collections::BTreeSet<&[u8]> =
        pixels.chunks_exact(info.color_type.samples()).collect();
    (mean, colours.len())
}

#[test]
fn a_page_says_nothing_on_the_console_and_asks_nothing_of_the_network() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    write_all(&Demo::incident(2.0).findings(), place.path()).unwrap();
    index::write(&index::Index::of(place.path()).unwrap(), place.path()).unwrap();
    let report = place.path().join("incident-24/report.html");
    for file in [&report, &place.path().join("index.html")] {
        browser.open(file, "");
        assert_eq!(browser.complaints(), [""; 0], "{}", file.display());
        let asked = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))";
        assert_eq!(browser.value(asked), json!([]), "{}", file.display());
    }
    // Every link leads somewhere: within the page, or to a file beside it.
    browser.open(&report, "");
    let links = browser.value("[...document.links].map(a => a.getAttribute('href'))");
    let links: Vec<&str> = links
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(links.len() > 15, "{links:?}");
    for link in links {
        match link.strip_prefix('#') {
            Some(id) => {
                let there = format!("document.querySelectorAll('[id=\"{id}\"]').length");
                assert_eq!(browser.value(&there), 1, "{link}");
            }
            None => assert!(report.with_file_name(link).is_file(), "{link}"),
        }
    }
    let twice = "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)";
    assert_eq!(browser.value(twice), json!([]));
    look(&mut browser, "report");
}

#[test]
fn what_is_wrong_on_a_page_is_noticed() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let page = fs::read_to_string(page(place.path(), 1)).unwrap();
    let file = place.path().join("wrong.html");
    let complaints = |browser: &mut Browser, html: &str| {
        fs::write(&file, html).unwrap();
        browser.open(&file, "");
        browser.complaints()
    };
    for wrong in [
        "<script>console.error('x')</script>",
        "<script>nowhere()</script>",
    ] {
        let said = complaints(&mut browser, &format!("<!doctype html>{wrong}"));
        assert_eq!(said.len(), 1, "{wrong}: {said:?}");
    }
    // What came in from outside does not run, does not restyle, is not fetched.
    for foreign in [
        "<script>document.title = 'taken'</script>",
        "<img src='x' onerror='document.title = `taken`'>",
        "<style>body { display: none }</style>",
        "<img src='https://example.org/x.png'>",
    ] {
        let said = complaints(
            &mut browser,
            &page.replace("</main>", &format!("{foreign}</main>")),
        );
        assert!(
            said.iter().any(|s| s.contains("Content Security Policy")),
            "{foreign}: {said:?}"
        );
        assert_ne!(browser.value("document.title"), "taken", "{foreign}");
        assert_eq!(
            browser.value("getComputedStyle(document.body).display"),
            "block"
        );
    }
}

/// Names of the pictures that are seen.
fn seen(browser: &mut Browser) -> Value {
    browser.value("[...document.querySelectorAll('figure')].filter(f => f.checkVisibility()).map(f => f.dataset.name)")
}

#[test]
fn pictures_are_tabs_that_arrow_keys_go_along() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let file = page(place.path(), 4);
    browser.open(&file, "");
    assert_eq!(seen(&mut browser), json!(["timeline"]));
    browser.value("document.querySelector('[role=tab]').focus()");
    for (key, name) in [
        ("ArrowRight", "latency"),
        ("ArrowRight", "cache"),
        ("End", "tail"),
        ("ArrowRight", "timeline"),
        ("ArrowLeft", "tail"),
        ("Home", "timeline"),
    ] {
        browser.key(key);
        assert_eq!(seen(&mut browser), json!([name]), "{key}");
        let focus = "[document.activeElement.textContent, document.activeElement.ariaSelected, \
                     document.getElementById(document.activeElement.getAttribute('aria-controls')).dataset.name]";
        assert_eq!(browser.value(focus), json!([name, "true", name]), "{key}");
    }
    // One of them is on the way of the Tab key, and from there it goes on.
    let stops = "[...document.querySelectorAll('[role=tab]')].filter(t => t.tabIndex === 0).length";
    assert_eq!(browser.value(stops), 1);
    browser.key("Tab");
    assert_eq!(
        browser.value("document.activeElement.textContent"),
        "all at once"
    );
    browser.key("Enter");
    assert_eq!(seen(&mut browser), json!(NAMES[..4]));
    browser.key(" ");
    assert_eq!(seen(&mut browser), json!(["timeline"]));
    browser.open(&file, "#picture-cache");
    assert_eq!(seen(&mut browser), json!(["cache"]));
    assert_eq!(browser.complaints(), [""; 0]);
    // One alone needs no tabs; none at all needs no section.
    browser.open(&page(place.path(), 1), "");
    assert_eq!(
        browser.value("document.querySelectorAll('[role=tab]').length"),
        0
    );
    assert_eq!(seen(&mut browser), json!(["timeline"]));
    browser.open(&page(place.path(), 0), "");
    assert_eq!(
        browser.value("document.querySelectorAll('#pictures, dialog').length"),
        0
    );
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_picture_is_enlarged_moved_and_closed_by_key() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    browser.open(&page(place.path(), 2), "");
    browser.size(900, 500);
    let opener = "document.querySelector('figure button')";
    browser.value(&format!("{opener}.focus()"));
    browser.key("Enter");
    let open = "document.querySelector('dialog').open";
    assert_eq!(browser.value(open), true);
    let name = "document.querySelector('dialog').ariaLabel";
    assert_eq!(browser.value(name), "A picture of <something>");
    assert_eq!(
        browser.value("document.querySelector('dialog').contains(document.activeElement)"),
        true
    );
    let width = "document.querySelector('dialog img').getBoundingClientRect().width";
    let whole = browser.value(width).as_f64().unwrap();
    assert_eq!(whole, 1280.0, "in full resolution");
    let places = "[document.querySelector('.view').scrollLeft > 0, document.querySelector('.view').scrollTop > 0]";
    assert_eq!(browser.value(places), json!([false, false]));
    browser.key("+");
    assert_eq!(browser.value(width), whole * 1.25);
    browser.key("-");
    browser.key("-");
    assert_eq!(browser.value(width), (whole / 1.25).round());
    browser.key("0");
    assert!(browser.value(width).as_f64().unwrap() <= 900.0, "all of it");
    browser.key("1");
    assert_eq!(browser.value(width), whole);
    look(&mut browser, "enlarged");
    browser.value("document.querySelector('.view').scrollTo(0, 0)");
    browser.key("ArrowRight");
    let moved =
        "new Promise(r => setTimeout(() => r(document.querySelector('.view').scrollLeft), 400))";
    assert!(browser.value(moved).as_f64().unwrap() > 0.0);
    browser.key("Escape");
    assert_eq!(browser.value(open), false);
    assert_eq!(
        browser.value(&format!("document.activeElement === {opener}")),
        true
    );
    // By mouse as well.
    browser.value("document.querySelector('figure img').click()");
    assert_eq!(browser.value(open), true);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn both_themes_are_drawn_by_setting_and_by_choice_with_their_pictures() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let file = page(place.path(), 2);
    browser.open(&file, "");
    // Which picture is shown: the browser's own word, once it is there.
    let picture = "(async () => { const i = document.querySelector('figure img'); await i.decode(); const [a, b] = \
                   [i.currentSrc, document.querySelector('source').srcset]; return a === b ? 'dark' : 'light'; })()";
    let choose = |browser: &mut Browser, theme: &str| {
        let button = format!(
            "[...document.querySelectorAll('[aria-label=Theme] button')].find(b => b.textContent === '{theme}')"
        );
        browser.value(&format!("{button}.focus()"));
        browser.key("Enter");
        assert_eq!(browser.value(&format!("{button}.ariaPressed")), "true");
    };
    for (setting, choice, shown) in [
        ("light", "auto", "light"),
        ("light", "dark", "dark"),
        ("dark", "auto", "dark"),
        ("dark", "light", "light"),
    ] {
        browser.prefers(setting);
        choose(&mut browser, choice);
        assert_eq!(browser.value(picture), shown, "{setting}, {choice}");
        let (brightness, colours) = look(&mut browser, &format!("theme-{setting}-{choice}"));
        assert_eq!(
            brightness > 128.0,
            shown == "light",
            "{setting}, {choice}: {brightness}"
        );
        assert!(colours > 50, "nothing to see: {colours} colours");
        // It is kept for the next page.
        browser.open(&file, "");
        assert_eq!(browser.value(picture), shown, "{setting}, {choice}, again");
    }
}

#[test]
fn without_script_everything_is_there() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let file = page(place.path(), 3);
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&file, "");
    assert_eq!(seen(&mut browser), json!(NAMES[..3]));
    assert_eq!(
        browser.value("document.querySelectorAll('button').length"),
        0,
        "none that does nothing"
    );
}

#[test]
fn no_page_is_wider_than_its_window() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> = [1, 4, 12].map(|n| page(place.path(), n)).into();
    // Names without a space, as long as they come.
    let mut demo = Demo::incident(2.0);
    let long = "w".repeat(300);
    demo.judgements.iter_mut().for_each(|j| j.detail += &long);
    demo.judgements[0].gate += &long;
    demo.judgements[0].expression += &long;
    demo.truth.entries[0].label += &long;
    demo.diagnosis.summary += &long;
    demo.diagnosis.causes[0].evidence.push(long.clone());
    let mut findings = demo.findings();
    (findings.title, findings.reproduce) = (&long, &long);
    files.push(place.path().join("long.html"));
    fs::write(
        files.last().unwrap(),
        html::render(&findings, &[], &[&long]),
    )
    .unwrap();
    for file in files {
        browser.open(&file, "");
        for width in [360, 800, 1400] {
            browser.size(width, 800);
            let over = "document.scrollingElement.scrollWidth - innerWidth";
            assert_eq!(browser.value(over), 0, "{} at {width}", file.display());
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            look(&mut browser, &format!("width-{width}-{name}"));
        }
    }
}

#[test]
fn on_paper_it_is_white_with_all_pictures_and_the_evidence_for_the_answer() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let sheets = |browser: &mut Browser, pictures: usize| {
        browser.open(&page(place.path(), pictures), "");
        let pdf = browser.pdf();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report_chromium");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{pictures}.pdf")), &pdf).unwrap();
        let text = String::from_utf8_lossy(&pdf).into_owned();
        assert!(
            text.contains("/MediaBox [0 0 594") || text.contains("/MediaBox [0 0 595"),
            "A4"
        );
        text.matches("/Type /Page\n").count()
    };
    browser.prefers("dark");
    let (none, four) = (sheets(&mut browser, 0), sheets(&mut browser, 4));
    assert!((2..=4).contains(&none), "{none} sheets without pictures");
    // Two of these stand on one sheet.
    assert!(
        (none + 1..=none + 3).contains(&four),
        "{four} sheets with four pictures, {none} without"
    );
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print", "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }));
    assert_eq!(seen(&mut browser), json!(NAMES[..4]));
    let ground = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.value(ground), "rgb(255, 255, 255)");
    let controls = "[...document.querySelectorAll('button, nav, #files')].filter(b => b.checkVisibility()).length";
    assert_eq!(browser.value(controls), 0);
    let evidence = "[...document.querySelectorAll('details.answer li')].map(l => l.checkVisibility({ contentVisibilityAuto: true }))";
    browser.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.value(evidence), json!([true, true, true]));
    browser.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(
        browser.value("document.querySelectorAll('details[open]').length"),
        0
    );
}

#[test]
fn a_screen_reader_is_told_what_everything_is() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    browser.open(&page(place.path(), 3), "");
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let of = |role: &str| -> Vec<String> {
        let nodes = nodes
            .iter()
            .filter(|n| n["ignored"] == false && n["role"]["value"] == role);
        nodes
            .map(|n| n["name"]["value"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    for role in [
        "button",
        "link",
        "tab",
        "tabpanel",
        "image",
        "region",
        "navigation",
        "table",
        "group",
    ] {
        let names = of(role);
        assert!(role == "group" || !names.is_empty(), "no {role}");
        assert!(
            role == "group" || names.iter().all(|n| !n.trim().is_empty()),
            "{role}: {names:?}"
        );
    }
    assert_eq!(of("tab"), NAMES[..3]);
    assert!(of("image").iter().all(|n| n == "all of one colour"));
    assert_eq!(of("main").len(), 1);
    // Headings go down by one at most, from one of the first level.
    let levels = browser.value("[...document.querySelectorAll('h1, h2, h3, h4')].filter(h => h.checkVisibility()).map(h => Number(h.tagName[1]))");
    let levels: Vec<u64> = levels
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    assert_eq!(levels.iter().filter(|l| **l == 1).count(), 1);
    assert!(
        levels[0] == 1 && levels.windows(2).all(|l| l[1] <= l[0] + 1),
        "{levels:?}"
    );
    // The first stop of the Tab key leads past everything; where the focus is, is seen.
    browser.key("Tab");
    assert_eq!(
        browser.value("document.activeElement.textContent"),
        "To the report"
    );
    let ring = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.value(ring), "solid");
    browser.key("Enter");
    assert_eq!(browser.value("document.activeElement.id"), "main");
    // What may move does not where the reader wants it so.
    browser.call(
        "Emulation.setEmulatedMedia",
        json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] }),
    );
    assert_eq!(
        browser.value("getComputedStyle(document.documentElement).scrollBehavior"),
        "auto"
    );
}

#[test]
fn what_is_needed_to_do_it_again_is_copied() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    browser.open(&page(place.path(), 1), "");
    browser.call(
        "Browser.grantPermissions",
        json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }),
    );
    for (what, text) in [
        ("the command", "gameday replay incident-24 --seed 24"),
        ("the digest", "3f2a9c0d5e817b64"),
        ("the seed", "24"),
    ] {
        browser.value(&format!(
            "document.querySelector('button[aria-label=\"copy {what}\"]').focus()"
        ));
        browser.key("Enter");
        let said = "new Promise(r => setTimeout(() => r(document.querySelector('p[role=status]').textContent), 100))";
        assert_eq!(browser.value(said), format!("{what} copied"));
        assert_eq!(browser.value("navigator.clipboard.readText()"), text);
    }
    assert_eq!(browser.complaints(), [""; 0]);
}
