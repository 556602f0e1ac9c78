//! Writes a report about a made-up run, to look at the pictures without a replay:
//!
//!     cargo run --release --example report_demo -- /tmp/reports

mod data;

use gameday::report;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "reports".into());
    let demo = data::Demo::incident(200.0);
    let findings = demo.findings();
    print!("{}", report::text::render(&findings, false));
    match report::write_all(&findings, folder.as_ref()) {
        Ok(files) => files.iter().for_each(|file| println!("{}", file.display())),
        Err(refusal) => eprintln!("{refusal}"),
    }
}
