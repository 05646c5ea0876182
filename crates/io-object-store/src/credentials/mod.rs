//! The credentials of AWS that are not in the settings: where awscli looks for them, and what fetches
//! and renews them.
//!
//! The client has some of these sources of its own, but panics on a token file that ends in a line
//! break. Decision 13 says why this is not the SDK's own code.

mod container;
mod ini;
mod process;
mod profile;
mod provider;
mod sso;
mod sts;

pub(crate) use self::{
    container::{Authorization, Container},
    profile::{Files, Profile, home, unknown},
    provider::{Remote, provider},
    sts::Role,
};

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Keys(Keys),
    /// A program that prints them.
    Process(String),
    /// IAM Identity Center.
    Sso(sso::Access),
    /// A role that other credentials may take.
    Role {
        role: Role,
        base: Box<Source>,
    },
    /// A role for who has the token in a file.
    WebIdentity {
        token_file: String,
        role: Role,
    },
    /// The service of a container.
    Container(Container),
}

/// Keys as they are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}
