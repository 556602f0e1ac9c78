replay incident *args:
    cargo run --release -- replay {{incident}} {{args}}
test:
    cargo test
gate:
    cargo run --release -- gate incident-24 --expect

bench:
    cargo bench
