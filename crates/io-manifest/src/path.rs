//! Which paths of a manifest are allowed: those that stay beside the model file.

use io_core::{Error, Result, printable_name};

/// Refuses a weight path that could leave the directory, origin or prefix of its model, on any
/// system and whether it is joined as a path or resolved as a URL: an absolute path, a `..` segment
/// between slashes of either kind, a drive letter or URL scheme, an empty path, a path of a directory, one that holds NUL.
///
/// Percent-encoding is left alone: `%2e%2e` is a name like any other, and a handler that decodes
/// must check what it has decoded.
///
/// # Errors
///
/// `Corrupt` when the path is refused.
pub fn check_path(path: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::corrupt(format!(
            "the weight path `{}` of the model file {why}",
            printable_name(path)
        )))
    };
    if path.is_empty() {
        return Err(Error::corrupt("a weight path of the model file is empty"));
    }
    if path.contains('\0') {
        return refuse("holds a NUL character");
    }
    if path.starts_with(['/', '\\']) {
        return refuse("is absolute");
    }
    if starts_with_scheme(path) {
        return refuse("starts with a drive letter or a URL scheme");
    }
    if path.split(['/', '\\']).any(|segment| segment == "..") {
        return refuse("leaves the directory of the model");
    }
    if path.rsplit(['/', '\\']).next().is_some_and(|last| matches!(last, "" | ".")) {
        return refuse("names a directory");
    }
    Ok(())
}

/// Whether the path starts as `C:` or `https:` do.
fn starts_with_scheme(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::check_path;
    use io_core::ErrorKind;

    #[test]
    fn paths_beside_the_model_are_allowed() {
        for path in [
            "weights.bin",
            "./w.bin",
            "foo..bar",
            "..foo",
            "...",
            "a/b.bin",
            "a/./b.bin",
            "group1-shard1of1",
            "./kernel:0.bin",
            "dense 1/é文.bin",
            "%2e%2e/w.bin",
            "~/w.bin",
            "w.bin?x=1#y",
        ] {
            check_path(path).unwrap();
        }
    }

    #[test]
    fn paths_that_leave_are_refused() {
        for (path, why) in [
            ("", "a weight path of the model file is empty"),
            ("/etc/passwd", "`/etc/passwd` of the model file is absolute"),
            ("//host/share", "is absolute"),
            ("\\\\host\\share", "is absolute"),
            ("..", "leaves the directory of the model"),
            ("../w.bin", "leaves the directory of the model"),
            ("a/../w.bin", "leaves the directory of the model"),
            ("a\\..\\w.bin", "leaves the directory of the model"),
            ("a/..", "leaves the directory of the model"),
            ("./..\\w.bin", "leaves the directory of the model"),
            ("C:x", "starts with a drive letter or a URL scheme"),
            ("c:\\w.bin", "starts with a drive letter or a URL scheme"),
            ("http://h/w.bin", "starts with a drive letter or a URL scheme"),
            ("file:w.bin", "starts with a drive letter or a URL scheme"),
            (".", "names a directory"),
            ("./", "names a directory"),
            ("a\\.", "names a directory"),
            ("a\0b", "`a\\u{0}b` of the model file holds a NUL character"),
        ] {
            let error = check_path(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().ends_with(why), "{error}");
        }
    }
}
