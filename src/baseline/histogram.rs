//! Histograms as HdrHistogram's V2 encoding in Base64, uncompressed: any of its tools reads it, and the bytes do not
//! depend on who compresses.

use crate::config::base64;
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2Serializer},
};

/// As text.
pub(super) fn write(histogram: &Histogram<u64>) -> String {
    let mut bytes = vec![];
    // Writing into memory fails for no reason that a reader could mend.
    match V2Serializer::new().serialize(histogram, &mut bytes) {
        Ok(_) => base64::encode(&bytes),
        Err(_) => String::new(),
    }
}

/// From text; `None` when it is none.
pub(super) fn read(text: &str) -> Option<Histogram<u64>> {
    let bytes = base64::decode(text)?;
    let mut rest = bytes.as_slice();
    let histogram = Deserializer::new().deserialize(&mut rest).ok()?;
    rest.is_empty().then_some(histogram)
}
