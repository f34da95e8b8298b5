//! Network and hardware addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Bytes, DecodeError, Decoded};

const FAMILY_INET: u8 = 2;
const FAMILY_INET6: u8 = 3;

/// `10.0.0.1`, `10.0.0.0/8`; a `cidr` always with its length.
pub(super) fn address(bytes: &mut Bytes<'_>) -> Decoded<String> {
    let (family, prefix_length, is_cidr, length) = (bytes.u8()?, bytes.u8()?, bytes.u8()? != 0, bytes.u8()?);
    let (address, full_length) = match (family, length) {
        (FAMILY_INET, 4) => (Ipv4Addr::from(bytes.array::<4>()?).to_string(), 32),
        (FAMILY_INET6, 16) => (Ipv6Addr::from(bytes.array::<16>()?).to_string(), 128),
        _ => return Err(DecodeError::Malformed),
    };
    Ok(if prefix_length == full_length && !is_cidr { address } else { format!("{address}/{prefix_length}") })
}

/// `08:00:2b:01:02:03`
pub(super) fn hardware_address(raw: &[u8]) -> String {
    raw.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}
