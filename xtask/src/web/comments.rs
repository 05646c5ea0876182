//! What modules say to who reads their source, which no page has to load.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// Takes the comments out of the modules of a folder.
pub(super) fn remove(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            fs::write(&path, without_comments(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

/// Without the lines that have nothing but a comment, `//` or `/** */`. Others may be meant for a
/// program: `/* webpackIgnore: true */`.
fn without_comments(module: &str) -> String {
    let mut is_comment = false;
    let lines = module.lines().filter(|line| {
        let text = line.trim();
        if is_comment {
            is_comment = !text.ends_with("*/");
            return false;
        }
        match text.strip_prefix("/**").map(|text| text.split_once("*/")) {
            Some(None) => is_comment = true,
            Some(Some((_, code))) => return !code.is_empty(),
            None => return !text.starts_with("//"),
        }
        false
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn lines_of_comments_go_and_code_stays() {
        let module = "\
// A module.
import a from \"//a\"; // with a
/** What it does. */
export function b() {
    /**
     * Several lines, // and more.
     */
    /* @vite-ignore */
    // One line.
    return a / 2 /* half */;
}
/** Short. */ export const c = 1;
";
        let kept = "\
import a from \"//a\"; // with a
export function b() {
    /* @vite-ignore */
    return a / 2 /* half */;
}
/** Short. */ export const c = 1;
";
        assert_eq!(without_comments(module), kept);
    }
}
