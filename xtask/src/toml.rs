//! Just enough of TOML to ask what a manifest says in one section.

/// The `key = value` lines of a section, the value as it is written.
///
/// Knows neither values of several lines nor quoted keys: our manifests need neither where this
/// is used.
pub(crate) fn section<'a>(text: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let header = format!("[{name}]");
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn gives_the_lines_of_one_section() {
        let text = "[a]\nx = 1\n\n[lints]\n# why\nworkspace = true\n[b]\ny = 2\n";
        assert_eq!(section(text, "lints"), [("workspace", "true")]);
        assert_eq!(section(text, "b"), [("y", "2")]);
        assert_eq!(section(text, "c"), []);
    }
}
