//! The command line: arguments in, one call, an exit code out. See `gameday help`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    gameday::commands::main()
}
