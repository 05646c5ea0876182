//! The syntax of `~/.aws/config` and `~/.aws/credentials`, as awscli reads it: properties may be
//! nested once, by indentation, which no general parser of INI files knows.

use std::collections::BTreeMap;

/// The properties of a section, by name. Those below another one have both names with a dot between.
pub(super) type Section = BTreeMap<String, String>;

/// Returns the sections of a file, by name. `profile NAME` and `profile "NAME"` are the same.
pub(super) fn parse(text: &str) -> BTreeMap<String, Section> {
    let mut sections = BTreeMap::<String, Section>::new();
    let mut section = None;
    let mut parent = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = plain.strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.0)) {
            let words: Vec<&str> = name.split_whitespace().collect();
            let name = words.join(" ").replace(['"', '\''], "");
            sections.entry(name.clone()).or_default();
            (section, parent) = (Some(name), String::new());
            continue;
        }
        let Some(properties) = section.as_ref().and_then(|name| sections.get_mut(name)) else {
            continue;
        };
        let Some((name, value)) = plain.split_once('=') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if line.starts_with([' ', '\t']) && !parent.is_empty() {
            properties.insert(format!("{parent}.{name}"), value.trim().to_owned());
        } else {
            properties.insert(name.clone(), value.trim().to_owned());
            parent = if value.trim().is_empty() { name } else { String::new() };
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sections_and_nested_properties_are_told_apart() {
        let text = "\u{feff}# comment\nlost = 1\n[default]\r\nregion=eu-west-1\r\n; other\n\
                    [ profile  \"my one\" ]\nRegion = us-east-2\ns3 =\n  region = nested\n\
                    \tendpoint_url = http://h\noutput = json\n[profile x]\ncredential_process = a = b\n\
                    broken\n[";
        let sections = parse(text);
        let value = |section: &str, name: &str| sections.get(section)?.get(name).cloned();
        assert_eq!(value("default", "region").unwrap(), "eu-west-1");
        assert_eq!(value("profile my one", "region").unwrap(), "us-east-2");
        assert_eq!(value("profile my one", "s3.region").unwrap(), "nested");
        assert_eq!(value("profile my one", "s3.endpoint_url").unwrap(), "http://h");
        assert_eq!(value("profile my one", "output").unwrap(), "json");
        assert_eq!(value("profile x", "credential_process").unwrap(), "a = b");
        assert!(!sections.values().any(|section| section.contains_key("lost")));
    }
}
