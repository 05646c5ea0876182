//! What counts as a URL: text with a scheme, or a path.

use std::path::Path;

use io_core::{Error, ErrorKind, ModelUrl, Result};

/// The URL that `text` means: itself when it begins with `scheme://`, else the file of that path.
///
/// A path is taken literally: nothing is expanded, decoded or made absolute. A path that has `://`
/// in it is told from a URL by a `/` or `\` before that, as in `./a://b`.
///
/// # Errors
///
/// `InvalidUrl` when `text` is empty, or what stands before `://` is not a scheme.
pub fn url(text: &str) -> Result<ModelUrl> {
    if text.is_empty() {
        return Err(Error::new(ErrorKind::InvalidUrl, "the URL is empty"));
    }
    match text.split_once("://") {
        Some((before, _)) if !before.contains(['/', '\\']) => {
            // Not with its own words: what is no scheme may be a user name and a password.
            ModelUrl::parse(text).map_err(|_| {
                Error::new(ErrorKind::InvalidUrl, "what stands before `://` is not a scheme")
                    .with_hint("a path that has `://` in it begins with `./`")
            })
        }
        _ => ModelUrl::new("file", text),
    }
}

/// Whatever names a model: text as [`url`] reads it, a path, or a [`ModelUrl`].
pub trait IntoModelUrl: private::Sealed {
    /// The URL.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when it is none.
    fn into_model_url(self) -> Result<ModelUrl>;
}

impl IntoModelUrl for &str {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(self)
    }
}

impl IntoModelUrl for &String {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(self)
    }
}

impl IntoModelUrl for String {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(&self)
    }
}

impl IntoModelUrl for &Path {
    /// Always a file, even where the path looks like a URL.
    fn into_model_url(self) -> Result<ModelUrl> {
        let path = self.to_str().filter(|path| !path.is_empty()).ok_or_else(|| {
            let path = self.display();
            Error::new(ErrorKind::InvalidUrl, format!("the path `{path}` cannot be a URL"))
        })?;
        ModelUrl::new("file", path)
    }
}

impl IntoModelUrl for &ModelUrl {
    fn into_model_url(self) -> Result<ModelUrl> {
        Ok(self.clone())
    }
}

impl IntoModelUrl for ModelUrl {
    fn into_model_url(self) -> Result<ModelUrl> {
        Ok(self)
    }
}

mod private {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for String {}
    impl Sealed for &std::path::Path {}
    impl Sealed for &super::ModelUrl {}
    impl Sealed for super::ModelUrl {}
}

#[cfg(test)]
mod tests {
    use super::{IntoModelUrl, url};
    use io_core::ErrorKind;
    use std::path::Path;

    #[test]
    fn a_bare_path_is_a_file() {
        for (text, expected) in [
            ("m", "file://m"),
            ("./m", "file://./m"),
            ("/a/b c", "file:///a/b c"),
            ("~/m", "file://~/m"),
            ("a%20b?c#d", "file://a%20b?c#d"),
            ("./a://b", "file://./a://b"),
            ("dir/a://b", "file://dir/a://b"),
            ("C:\\m", "file://C:\\m"),
            ("file:m", "file://file:m"),
            ("FILE:///m", "file:///m"),
            ("memory://a", "memory://a"),
        ] {
            assert_eq!(url(text).unwrap().as_str(), expected);
        }
        let path = Path::new("memory://a").into_model_url().unwrap();
        assert_eq!(path.as_str(), "file://memory://a");
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in ["", "://x", "1a://x", "a b://x"] {
            assert_eq!(url(text).unwrap_err().kind(), ErrorKind::InvalidUrl, "{text}");
        }
        assert!(Path::new("").into_model_url().is_err());
    }
}
