//! The standard environment variables of the clouds.
//!
//! No other library of modelport reads the environment. Here it is what everybody expects. The files
//! in which a cloud's own program keeps profiles are not read. Settings win; the setting `env` =
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

    /// What `lookup` has for them: setting, variable and value of each.
    pub(crate) fn find(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Vec<(&'static str, &'static str, String)> {
        let found = self.0.iter().filter_map(|key| {
            let mut values = key.variables.iter().filter_map(|name| Some((*name, lookup(name)?)));
            let (variable, value) = values.find(|(_, value)| !value.is_empty())?;
            Some((key.name, variable, value))
        });
        found.collect()
    }
}

/// The variable `name` of this process; `None` where it is not Unicode.
pub fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
