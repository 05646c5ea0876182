//! Roles: credentials that the security token service gives for others, or for a token.

use object_store::{
    aws::{AwsAuthorizer, AwsCredential},
    client::{HttpRequest, HttpRequestBody},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    Keys,
    process::time,
    provider::{Failed, Fresh, Remote},
};
use crate::network::read_file;

const MAX_TOKEN_BYTES: u64 = 64 << 10;
const VERSION: &str = "2011-06-15";
/// What stands for itself in a query that is signed.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A role and how it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session: String,
    pub(crate) external_id: Option<String>,
    pub(crate) seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(alias = "AssumeRoleWithWebIdentityResult")]
    assume_role_result: AnswerOfRole,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnswerOfRole {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    error: FailureOfRole,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FailureOfRole {
    code: String,
}

impl Role {
    /// Takes the role with the credentials `base`.
    ///
    /// # Errors
    ///
    /// What the service refuses with.
    pub(super) async fn assume(&self, remote: &Remote, base: &Keys) -> Result<Fresh, Failed> {
        let seconds = self.seconds.map(|seconds| seconds.to_string());
        let mut pairs = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", &self.arn),
            ("RoleSessionName", &self.session),
            ("Version", VERSION),
        ];
        pairs.extend(self.external_id.as_deref().map(|id| ("ExternalId", id)));
        pairs.extend(seconds.as_deref().map(|seconds| ("DurationSeconds", seconds)));
        let mut request = request(remote, &pairs)?;
        let (key_id, secret_key) = (base.id.clone(), base.secret.clone());
        let credential = AwsCredential { key_id, secret_key, token: base.token.clone() };
        if !crate::signing::Sendable::is_sendable(&credential) {
            return Err("the credentials that take the role cannot be sent".into());
        }
        AwsAuthorizer::new(&credential, "sts", &remote.region)
            .try_authorize(&mut request, None)
            .map_err(|_| "the request for the role cannot be signed".to_owned())?;
        self.answer(remote, request).await
    }

    /// Takes the role with the token in a file, which may end in a line break.
    ///
    /// # Errors
    ///
    /// What the service refuses with.
    pub(super) async fn assume_by_token(
        &self,
        remote: &Remote,
        token_file: &str,
    ) -> Result<Fresh, Failed> {
        let bytes = read_file(token_file.as_ref(), MAX_TOKEN_BYTES).map_err(|error| {
            format!(
                "the file `{token_file}` with the token of a web identity cannot be read: {error}"
            )
        })?;
        let token = String::from_utf8_lossy(&bytes);
        let seconds = self.seconds.unwrap_or(3600).to_string();
        let pairs = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("DurationSeconds", &*seconds),
            ("RoleArn", &self.arn),
            ("RoleSessionName", &self.session),
            ("Version", VERSION),
            ("WebIdentityToken", token.trim()),
        ];
        self.answer(remote, request(remote, &pairs)?).await
    }

    async fn answer(&self, remote: &Remote, request: HttpRequest) -> Result<Fresh, Failed> {
        let (status, body) = remote.send(request).await?;
        if status != 200 {
            let code = quick_xml::de::from_reader::<_, Failure>(&*body).map(|it| it.error.code);
            let code = io_core::printable_name(&code.unwrap_or_default());
            let what = format!("the role `{}` was refused: {status} {code}", self.arn);
            return Err(what.into());
        }
        let unusable = || "the answer of the security token service is not understood".to_owned();
        let answer: Answer = quick_xml::de::from_reader(&*body).map_err(|_| unusable())?;
        let found = answer.assume_role_result.credentials;
        let expires = Some(time(&found.expiration).ok_or_else(unusable)?);
        let (id, secret) = (found.access_key_id, found.secret_access_key);
        Ok(Fresh { keys: Keys { id, secret, token: Some(found.session_token) }, expires })
    }
}

fn request(remote: &Remote, pairs: &[(&str, &str)]) -> Result<HttpRequest, String> {
    let encoded = |text| utf8_percent_encode(text, ENCODED);
    let query: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    let address = format!("{}/?{}", remote.sts_endpoint, query.join("&"));
    *request.uri_mut() = address
        .parse()
        .map_err(|_| "the security token service has no address, or the token is too long")?;
    Ok(request)
}
