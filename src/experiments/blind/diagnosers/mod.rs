//! Who is asked: our diagnosis, a command of somebody else's, and baselines to be better than. Each gets the recording alone.

mod command;
mod loudest;

use crate::{config::Refusal, diagnosis, recording::Recording};

pub use command::Command;

/// What a diagnoser says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Whether there is an incident.
    pub seen: bool,
    /// Causes by their names in the catalogue, the most probable first, with a probability.
    pub causes: Vec<(String, f64)>,
    /// How many of the first are tied; 0 or 1: the first stands alone.
    pub tied: usize,
    /// Causes of other things that went wrong in the same run.
    pub second: Vec<String>,
    /// When it began, ns.
    pub onset: Option<u64>,
}

/// Somebody who is asked.
pub enum Diagnoser {
    /// `gameday diagnose`.
    Ours,
    /// Ranks quantities by how many standard deviations they lie off their mean of before, and names what the loudest stands for.
    ZScore,
    /// The same in the manner of BARO: an onset by change-point, and the distance from the median in interquartile ranges
    /// (Pham et al., FSE 2024).
    Baro,
    /// A command that is given the folder of the recording and prints JSON.
    Command(Command),
}

impl Diagnoser {
    /// Its name in tables.
    pub fn name(&self) -> &str {
        match self {
            Diagnoser::Ours => "gameday",
            Diagnoser::ZScore => "z-score",
            Diagnoser::Baro => "baro-like",
            Diagnoser::Command(command) => command.name(),
        }
    }

    /// Asks it.
    ///
    /// # Errors
    /// A command that cannot be run, fails, or prints something else than an answer.
    pub fn ask(&self, recording: &Recording) -> Result<Answer, Refusal> {
        match self {
            Diagnoser::Ours => Ok(ours(&diagnosis::diagnose(recording))),
            Diagnoser::ZScore => Ok(loudest::by_z_score(recording)),
            Diagnoser::Baro => Ok(loudest::in_the_manner_of_baro(recording)),
            Diagnoser::Command(command) => command.ask(recording),
        }
    }
}

/// Our diagnosis as an answer.
pub fn ours(diagnosis: &diagnosis::Diagnosis) -> Answer {
    Answer {
        seen: diagnosis.onset.is_some(),
        // That none fits is an answer, and no cause that a list of causes would be made longer by.
        causes: diagnosis
            .causes
            .iter()
            .enumerate()
            .filter(|(place, c)| c.cause != diagnosis::NONE || *place == 0 || c.tied)
            .map(|(_, c)| (c.cause.clone(), c.probability))
            .collect(),
        tied: diagnosis.causes.iter().take_while(|c| c.tied).count(),
        second: diagnosis.second.clone(),
        onset: diagnosis.onset.as_ref().map(|o| o.at),
    }
}
