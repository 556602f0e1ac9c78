//! A trainee's answer, read as people write it, and graded against the truth of the run.
//!
//! Several answers count by their rank, as those of a diagnosis do: 1/rank of the first that is right, of each true cause, and
//! of several true causes the mean. A name that no recording tells from the true one is as right.

mod answer;
mod grade;

pub use answer::Answer;
pub use grade::{Graded, Mark, Sheet, grade};
