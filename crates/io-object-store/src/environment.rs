//! The standard environment variables of the clouds.
//!
//! Here the environment is read since the clouds' own programs read it: these variables, those of
//! proxies, and the files in which these programs keep credentials. Settings win; the setting `env` =
//! `false` turns it off. If a setting gives credentials, all credentials come from settings: half of
//! one pair and half of another would be refused by the cloud without a helpful word.

/// Which variables are read for one cloud, and the setting that each stands for. Of several
/// variables for one setting the first that is there counts. Empty ones are not there.
#[derive(Clone, Copy, Debug)]
pub struct Variables(pub(crate) &'static [crate::cloud::Key]);

impl Variables {
    /// The names of the variables.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flat_map(|key| key.variables).copied()
    }

    /// Returns the settings that `lookup` has a variable for, with its name and value.
    pub(crate) fn find(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Vec<(&'static crate::cloud::Key, &'static str, String)> {
        let found = self.0.iter().filter_map(|key| {
            let mut values = key.variables.iter().filter_map(|name| Some((*name, lookup(name)?)));
            let (variable, value) = values.find(|(_, value)| !value.trim().is_empty())?;
            Some((key, variable, value))
        });
        found.collect()
    }
}

/// Returns the variable `name` of this process. What is not Unicode in it is replaced, so that it is
/// refused with its name and not passed over.
pub fn lookup(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Checks a variable that a client reads by itself.
///
/// # Errors
///
/// `InvalidInput` when the client would panic on its value.
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) fn check(name: &str, form: crate::form::Form) -> io_core::Result<()> {
    let Some(value) = lookup(name).filter(|value| !value.is_empty()) else { return Ok(()) };
    let subject = format!("the variable {name}");
    let checked = form.check(&subject, &value)?;
    // The client does not trim it.
    match checked.len() == value.len() {
        true => Ok(()),
        false => {
            let message = format!("{subject} has white space around it");
            Err(io_core::Error::new(io_core::ErrorKind::InvalidInput, message))
        }
    }
}
