//! Real traffic, read to the row. The files are not ours to ship: without them these tests say so and pass.

mod provided;

use gameday::sim::hash::Set;
use gameday::trace::{Requests, TraceSpec};

#[test]
fn mooncake_has_its_rows_its_span_and_its_prefix_hits() {
    let Some(path) = provided::trace("llm_mooncake_conversation_part1.jsonl") else {
        return;
    };
    let (mut rows, mut last, mut hits, mut blocks) = (0u64, 0, 0u64, 0u64);
    let mut seen = Set::<u64>::default();
    for request in Requests::open(&path).unwrap() {
        let request = request.unwrap();
        assert_eq!(request.op, rows);
        rows += 1;
        last = request.arrived;
        let ids = &request.payload.blocks;
        hits += ids.iter().take_while(|id| seen.contains(*id)).count() as u64;
        blocks += ids.len() as u64;
        seen.extend(ids.iter().copied());
    }
    assert_eq!((rows, last / 1_000_000_000, blocks), (5719, 1797, 146_464));
    assert_eq!(seen.len(), 96_534);
    let share = hits as f64 / blocks as f64;
    assert!((share - 0.341).abs() < 0.0005, "{share}");
}

#[test]
fn azure_has_its_rows_and_its_span() {
    let Some(path) = provided::trace("llm_azure2023_code.csv") else {
        return;
    };
    let requests = Requests::open(&path).unwrap();
    // 2023-11-16T18:17:03.97996Z
    assert_eq!(requests.facts().origin, Some(1_700_158_623_979_960_000));
    let rows: Vec<_> = requests.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 8819);
    assert_eq!((rows[0].arrived, rows[1].arrived), (0, 52_000_000));
    assert_eq!(rows[8818].arrived / 1_000_000_000, 3435);
    assert_eq!((rows[0].input_tokens, rows[0].output_tokens), (4808, 10));
    let extent = TraceSpec::file(&path).unwrap().extent(1).unwrap();
    assert_eq!((extent.rows, extent.last), (8819, rows[8818].arrived));
}

#[test]
fn a_generator_plays() {
    use gameday::{
        config::{Node, Source as Text},
        trace::Source,
    };
    let node = Node::parse(&Text::new("x.toml", "arrivals = { kind = \"poisson\", rate = \"100/s\" }\nduration = \"1m\"\ntenants = { a = 3, b = 1 }")).unwrap();
    let spec = TraceSpec::read(&node, std::path::Path::new(".")).unwrap();
    let Source::Open(stream) = spec.open(1).unwrap() else {
        panic!()
    };
    let n = stream.map(Result::unwrap).count();
    assert!((5600..6400).contains(&n), "{n}");
    assert_eq!(spec.extent(1).unwrap().length, 60_000_000_000);
}
