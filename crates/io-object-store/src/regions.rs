//! The addresses of AWS, which depend on the region.

use io_core::{Error, ErrorKind, Result};

/// Returns what the names of hosts in `region` end with.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn suffix(region: &str) -> &'static str {
    partition(region).suffix
}

struct Partition {
    prefix: &'static str,
    suffix: &'static str,
    has_fips: bool,
    has_dualstack: bool,
}

const PUBLIC: Partition =
    Partition { prefix: "", suffix: "amazonaws.com", has_fips: true, has_dualstack: true };

/// Those of other partitions than the public one, by the beginnings of their regions.
const OTHERS: [Partition; 6] = [
    Partition { prefix: "cn-", suffix: "amazonaws.com.cn", has_fips: false, has_dualstack: true },
    isolated("us-iso-", "c2s.ic.gov"),
    isolated("us-isob-", "sc2s.sgov.gov"),
    isolated("us-isof-", "csp.hci.ic.gov"),
    isolated("eu-isoe-", "cloud.adc-e.uk"),
    Partition { prefix: "eusc-", suffix: "amazonaws.eu", has_fips: false, has_dualstack: false },
];

const fn isolated(prefix: &'static str, suffix: &'static str) -> Partition {
    Partition { prefix, suffix, has_fips: true, has_dualstack: false }
}

fn partition(region: &str) -> &'static Partition {
    OTHERS.iter().find(|it| region.starts_with(it.prefix)).unwrap_or(&PUBLIC)
}

/// Which of the addresses of a service.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Variant {
    /// One whose cryptography is validated for the government.
    pub(crate) fips: bool,
    /// One that has IPv6 too.
    pub(crate) dualstack: bool,
}

/// Returns the host of `service` in `region`.
///
/// # Errors
///
/// `Unsupported` when there is none of this kind there.
pub(crate) fn host(service: &str, region: &str, variant: Variant) -> Result<String> {
    let partition = partition(region);
    let lacks = |what: &str| {
        let message = format!("the region `{region}` has no {what} addresses");
        Err(Error::new(ErrorKind::Unsupported, message))
    };
    if variant.fips && !partition.has_fips {
        return lacks("FIPS");
    }
    if variant.dualstack && !partition.has_dualstack {
        return lacks("dual-stack");
    }
    let fips = if variant.fips { "-fips" } else { "" };
    // Only S3 has a name of its own for it.
    let dualstack = if variant.dualstack && service == "s3" { ".dualstack" } else { "" };
    Ok(format!("{service}{fips}{dualstack}.{region}.{}", partition.suffix))
}

#[cfg(test)]
mod tests {
    use super::{Variant, host};

    #[test]
    fn addresses_depend_on_the_partition() {
        let plain = Variant::default();
        let fips = Variant { fips: true, dualstack: false };
        let both = Variant { fips: true, dualstack: true };
        let dualstack = Variant { fips: false, dualstack: true };
        for (region, variant, expected) in [
            ("eu-west-1", plain, "s3.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", fips, "s3-fips.us-gov-west-1.amazonaws.com"),
            ("us-east-1", both, "s3-fips.dualstack.us-east-1.amazonaws.com"),
            ("cn-north-1", plain, "s3.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", dualstack, "s3.dualstack.cn-north-1.amazonaws.com.cn"),
            ("us-iso-east-1", plain, "s3.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", plain, "s3.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", plain, "s3.eu-isoe-west-1.cloud.adc-e.uk"),
            ("eusc-de-east-1", plain, "s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(host("s3", region, variant).unwrap(), expected);
        }
        assert!(host("s3", "cn-north-1", fips).is_err());
        assert!(host("s3", "us-iso-east-1", dualstack).is_err());
        assert_eq!(host("sts", "cn-north-1", plain).unwrap(), "sts.cn-north-1.amazonaws.com.cn");
    }
}
