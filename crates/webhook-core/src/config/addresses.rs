//! `addresses`: where requests may come from.

use super::reader::Field;
use crate::auth::address::{Proxies, Ranges};

/// Which addresses requests may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The addresses that are accepted.
    pub allow: Ranges,
    /// The trusted proxies in between; those of the server for `None`.
    pub proxies: Option<Proxies>,
}

/// Reads `addresses`: `{ allow: [address or range], proxies?: number or [address or range] }`.
pub(super) fn read_addresses(addresses: &Field<'_>) -> Option<Addresses> {
    let addresses = addresses.object()?;
    let allow = read_ranges(&addresses.get("allow"));
    let proxies = read_proxies(&addresses.get("proxies"));
    Some(Addresses { allow: allow?, proxies })
}

/// Reads trusted proxies: their number, or a list of addresses and ranges.
pub(super) fn read_proxies(proxies: &Field<'_>) -> Option<Proxies> {
    if proxies.is_absent() {
        return None;
    }
    if proxies.value().is_array() {
        return read_ranges(proxies).map(Proxies::Ranges);
    }
    let count = proxies.value().as_u64().and_then(|count| u8::try_from(count).ok());
    if count.is_none() {
        let expected = "expected the number of proxies, or a list of their addresses and ranges";
        proxies.issue("PROXIES", expected);
    }
    count.map(Proxies::Count)
}

fn read_ranges(ranges: &Field<'_>) -> Option<Ranges> {
    let listed = ranges.value().as_array().filter(|listed| !listed.is_empty());
    let Some(listed) = listed else {
        ranges.issue("REQUIRED", "expected a list of addresses and ranges");
        return None;
    };
    // What isn't a text isn't an address either.
    let texts = listed.iter().map(|text| text.as_str().unwrap_or_default());
    Ranges::parse(texts.collect::<Vec<_>>())
        .map_err(|error| ranges.element(error.index).issue("ADDRESS", error.to_string()))
        .ok()
}
