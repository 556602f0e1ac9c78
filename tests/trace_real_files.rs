//! Real traffic, read to the row. The files are not ours to ship: without them these tests say so and pass.

mod provided;

use gameday::sim::hash::Set;
use gameday::trace::{Overrides, Requests, Source, TraceSpec};

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

/// Requests of a file read as the command line would have it, and the dictionaries of its names.
fn given(
    path: &std::path::Path,
    over: &Overrides,
) -> (Vec<gameday::trace::Request>, gameday::trace::Tags) {
    let spec = TraceSpec::given(path, over).unwrap();
    let Source::Open(mut stream) = spec.open(1).unwrap() else {
        panic!("a file is no closed loop");
    };
    let rows = stream.by_ref().map(Result::unwrap).collect();
    let tags = stream.tags().borrow().clone();
    (rows, tags)
}

#[test]
fn access_logs_have_their_rows_their_clients_and_their_statuses() {
    let Some(path) = provided::trace("access_basjes_2015.log") else {
        return;
    };
    let (rows, tags) = given(&path, &Overrides::default());
    assert_eq!((rows.len(), tags.address.len() - 1), (3456, 520));
    let of = |status: u16| rows.iter().filter(|r| r.status == status).count();
    assert_eq!([of(200), of(302), of(403), of(404)], [2846, 585, 13, 12]);
    let bytes: u64 = rows.iter().map(|r| r.bytes).sum();
    assert_eq!(bytes / rows.len() as u64, 13_565);

    let Some(path) = provided::trace("access_semicomplete_2015.log.gz") else {
        return;
    };
    let refusal = Requests::open(&path)
        .unwrap()
        .find_map(Result::err)
        .unwrap();
    assert!(
        refusal.to_string().contains(":4:19: time goes back by 35s"),
        "{refusal}"
    );
    let reorder = Overrides {
        reorder: Some("2h".into()),
        ..Overrides::default()
    };
    let (rows, tags) = given(&path, &reorder);
    assert_eq!((rows.len(), tags.address.len() - 1), (10_000, 1753));
    let of = |status: u16| rows.iter().filter(|r| r.status == status).count();
    assert_eq!([of(200), of(304), of(404), of(500)], [9126, 445, 213, 3]);
    assert!(rows.windows(2).all(|w| w[0].arrived <= w[1].arrived));
}

#[test]
fn edits_of_wikipedia_are_read_by_a_map() {
    let Some(path) = provided::trace("events_wikipedia_edits_2015-09-12.json.gz") else {
        return;
    };
    let map = Overrides {
        map: Some("arrived=time,tenant=channel,user=user,prompt=page,class=isRobot".into()),
        ..Overrides::default()
    };
    let (rows, tags) = given(&path, &map);
    let names = (tags.tenant.len() - 1, tags.user.len() - 1);
    assert_eq!((rows.len(), names), (39_244, (51, 10_531)));
    let robots = tags.class.find("true");
    assert_eq!(
        rows.iter().filter(|r| Some(r.class) == robots).count(),
        15_420
    );
    assert_eq!(rows.last().unwrap().arrived / 1_000_000_000, 83_580);
}
