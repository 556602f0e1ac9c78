replay incident *args:
    cargo run --release -- replay {{incident}} {{args}}
# A riddle: one of the incidents, without its name; then `gameday reveal`.
riddle *args:
    cargo run --release -- replay "$(basename "$(ls incidents/*.toml | shuf -n1)" .toml)" --blind {{args}}
test:
    cargo test
gate:
    cargo run --release -- gate incident-24 --expect

bench:
    cargo bench
