//! What a model writes is damaged on its way or in the making: it stands in a code fence, ends early, or its pieces are put
//! together wrongly.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Table},
    service::DependencySpec,
    trace::population::Defect,
};

crate::choice! {
    /// What becomes of an output.
    pub enum OutputChange {
        /// It stands in a code fence, with a sentence before it.
        Wrap = "wrap",
        /// It ends after two thirds of it.
        Truncate = "truncate",
        /// Two pieces of it change places, as when what came in pieces is put together wrongly.
        Splice = "splice",
    }
}

crate::options! {
    /// Output fault.
    #[derive(Clone, Debug)]
    pub struct OutputFault {
        /// What becomes of the output.
        change: OutputChange,
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = OutputFault::read_table(at, table, &[taken, COMMON].concat())?;
    Ok(Box::new(fault))
}

impl Fault for OutputFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        let writes = dependency.output.is_some();
        (!writes).then(|| "output = { fields = { answer = \"It is so.\" } }".into())
    }

    fn damages(&self) -> Option<Defect> {
        Some(match self.change {
            OutputChange::Wrap => Defect::Wrapped,
            OutputChange::Truncate => Defect::Truncated,
            OutputChange::Splice => Defect::Spliced,
        })
    }
}
