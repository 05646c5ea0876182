//! What an error response says: status, code and message, without what was signed.

use std::fmt;

use io_core::{ErrorKind, printable_name, redact};
use object_store::{HeaderMap, client::HttpRequest};

/// The longest text of a server that is shown, in characters.
const LONGEST: usize = 300;

/// An error response of a store.
#[derive(Clone, Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) status: u16,
    /// What the store calls it, such as `NoSuchKey`; empty where it does not say.
    pub(crate) code: String,
    message: String,
    /// Where the bucket is, if elsewhere.
    region: Option<String>,
    /// The clock of the server.
    date: Option<String>,
    is_conditional: bool,
    is_of_machine: bool,
}

/// What becomes of an error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// The client judges by the status.
    Status,
    /// The client sends the request again, as often as it does.
    Repeat,
    /// That is all.
    Fail,
}

/// What is to be known of a request to judge its error response.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestFacts {
    is_conditional: bool,
    /// Whether it is to the metadata service of a machine of the cloud, not to the store.
    is_of_machine: bool,
}

impl RequestFacts {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let has = |name: &&str| request.headers().contains_key(*name);
        Self {
            is_conditional: ["if-match", "if-none-match", "x-goog-if-generation-match"]
                .iter()
                .any(has),
            is_of_machine: has(&"x-aws-ec2-metadata-token-ttl-seconds"),
        }
    }
}

impl ErrorResponse {
    /// Reads a response with this status.
    pub(super) fn read(
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        request: &RequestFacts,
    ) -> Self {
        let body = String::from_utf8_lossy(body);
        let header = |name: &str| Some(shown(headers.get(name)?.to_str().ok()?));
        let xml = |name: &str| element(&body, name).map(|text| shown(&text));
        let code = xml("Code").or_else(|| header("x-ms-error-code")).unwrap_or_default();
        let is_markup = body.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        let mut message = match xml("Message") {
            Some(message) => message,
            None if is_markup => String::new(),
            None => shown(&body),
        };
        // Why Azure refuses; for a wrong signature that is all that was signed.
        if let Some(detail) = element(&body, "AuthenticationErrorDetail")
            && !detail.contains("String to sign")
        {
            message = format!("{message} {}", shown(&detail));
        }
        let region = header("x-amz-bucket-region").or_else(|| xml("Region"));
        Self {
            status,
            code,
            message: message.trim().to_owned(),
            region: region.filter(|_| matches!(status, 300..=308 | 400)),
            date: header("date"),
            is_conditional: request.is_conditional,
            is_of_machine: request.is_of_machine,
        }
    }

    pub(super) fn treatment(&self) -> Treatment {
        match self.status {
            404 if self.names_no_bucket() => Treatment::Fail,
            // There is no such object, it is there already, or it is another one.
            304 | 404 | 409 | 412 | 416 => Treatment::Status,
            _ if self.is_of_machine => Treatment::Status,
            408 | 429 => Treatment::Repeat,
            // No second request would do better.
            501 | 505 | 507 => Treatment::Fail,
            500..600 => Treatment::Repeat,
            400 if self.code == "RequestTimeout" => Treatment::Repeat,
            _ => Treatment::Fail,
        }
    }

    /// Code and message.
    pub(super) fn details(&self) -> String {
        match (&*self.code, &*self.message) {
            ("", message) => message.to_owned(),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }

    /// Whether what is not there is the bucket.
    pub(crate) fn names_no_bucket(&self) -> bool {
        matches!(&*self.code, "NoSuchBucket" | "ContainerNotFound" | "NoSuchContainer")
    }

    /// Whether the object that was request for may not be there at all: S3 and Google Cloud Storage
    /// say so only to those who may list. AWS names the permission that is missing, mostly.
    pub(crate) fn may_hide_absence(&self) -> bool {
        let is_certain = ["expired", "perform: s3:GetObject"];
        self.status == 403
            && matches!(&*self.code, "AccessDenied" | "")
            && !is_certain.iter().any(|words| self.message.contains(words))
    }

    /// Whether the store has refused the request, so that nothing can come of it any more.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.status, 300..=407 | 410..=428 | 431..=499 | 501 | 505)
            && self.code != "RequestTimeout"
    }

    /// Whether the store says that it has no such function.
    pub(crate) fn is_missing_function(&self) -> bool {
        self.status == 501 || self.code == "NotImplemented"
    }

    /// What went wrong, by what the caller can do about it.
    pub(crate) fn kind(&self) -> ErrorKind {
        let quota = ErrorKind::QuotaExceeded { needed: None, available: None };
        match (self.status, &*self.code) {
            (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => {
                ErrorKind::PermissionDenied
            }
            (_, "QuotaExceeded" | "InsufficientStorage" | "XMinioStorageFull") => quota,
            (_, "RequestTimeout") => ErrorKind::Timeout,
            (300..=308 | 400, _) if self.region.is_some() => ErrorKind::InvalidInput,
            (401 | 403 | 407, _) => ErrorKind::PermissionDenied,
            (404, _) => ErrorKind::NotFound,
            (408 | 504, _) => ErrorKind::Timeout,
            (405 | 501, _) | (_, "NotImplemented") => ErrorKind::Unsupported,
            (507, _) => quota,
            (429 | 500..600, _) => ErrorKind::Network,
            _ => ErrorKind::Unexpected,
        }
    }

    /// What the caller can do about it, where `store` is what the client calls itself.
    pub(crate) fn hint(&self, store: &str) -> Option<String> {
        if self.names_no_bucket() {
            return Some("check the name in the URL, the endpoint and the account".to_owned());
        }
        if let Some(region) = &self.region {
            return Some(format!("the bucket is in another region: set `region` = `{region}`"));
        }
        let wants_checksum = ["x-amz-checksum", "Content-MD5", "object lock", "Object Lock"]
            .iter()
            .any(|words| self.message.contains(words));
        let hint = match &*self.code {
            "RequestTimeTooSkewed" => {
                let date = self.date.as_deref().unwrap_or("in the error");
                return Some(format!(
                    "set the clock of this machine; that of the server is {date}"
                ));
            }
            "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => {
                "get new credentials: these have expired or are not valid"
            }
            "SignatureDoesNotMatch" => "check the secret key, the region and the endpoint",
            "InvalidAccessKeyId" => "check the access key and the endpoint",
            "MissingContentMD5" | "InvalidRequest" if wants_checksum => {
                "a bucket with object lock wants checksums: set `checksum_algorithm` = `sha256`"
            }
            "AccessDenied" if self.message.contains("expired") => "sign it anew",
            "AccessDenied" | "" if store == "S3" && self.status == 403 => {
                "these credentials have no permission for it, or, without `s3:ListBucket`, there is \
                 no such object; a bucket whose readers pay wants `request_payer` = `true`"
            }
            _ if self.is_missing_function() && self.is_conditional && store == "S3" => {
                "the store has no conditional writes: `conditional_put` = `disabled` does without, \
                 and only a save that may replace the model can"
            }
            _ if (300..400).contains(&self.status) => "check the region and the endpoint",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answers with status {}", self.status)?;
        match self.details() {
            details if details.is_empty() => Ok(()),
            details => write!(f, " ({details})"),
        }
    }
}

impl std::error::Error for ErrorResponse {}

/// The text of the first element of this name.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, after) = body.split_once(&format!("<{name}>"))?;
    let text = after.split_once(&format!("</{name}>"))?.0.trim();
    Some(quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), Into::into))
}

/// A server's text in one line, neither long nor with a signature in it.
fn shown(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.chars().count() >= LONGEST {
            words.push_str(" …");
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&printable_name(&redact(word)));
    }
    words
}

#[cfg(test)]
mod tests {
    use io_core::ErrorKind;
    use object_store::HeaderMap;

    use super::{ErrorResponse, RequestFacts, Treatment};

    fn read(status: u16, body: &str) -> ErrorResponse {
        let request = RequestFacts { is_conditional: true, is_of_machine: false };
        ErrorResponse::read(status, &HeaderMap::new(), body.as_bytes(), &request)
    }

    fn code(status: u16, code: &str) -> ErrorResponse {
        read(status, &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>"))
    }

    #[test]
    fn status_and_code_give_the_error_kind() {
        let quota = ErrorKind::QuotaExceeded { needed: None, available: None };
        for (response, kind) in [
            (code(501, "NotImplemented"), ErrorKind::Unsupported),
            (code(500, "InternalError"), ErrorKind::Network),
            (code(503, "SlowDown"), ErrorKind::Network),
            (read(429, ""), ErrorKind::Network),
            (read(504, "<html>"), ErrorKind::Timeout),
            (code(403, "SignatureDoesNotMatch"), ErrorKind::PermissionDenied),
            (code(400, "ExpiredToken"), ErrorKind::PermissionDenied),
            (code(400, "RequestTimeout"), ErrorKind::Timeout),
            (code(400, "connect dns timeout body"), ErrorKind::Unexpected),
            (code(404, "NoSuchBucket"), ErrorKind::NotFound),
            (read(507, ""), quota),
        ] {
            assert_eq!(response.kind(), kind, "{response}");
        }
    }

    #[test]
    fn permanent_errors_are_not_retried() {
        for (response, treatment) in [
            (code(501, "NotImplemented"), Treatment::Fail),
            (code(403, "AccessDenied"), Treatment::Fail),
            (code(404, "NoSuchBucket"), Treatment::Fail),
            (code(404, "NoSuchKey"), Treatment::Status),
            (code(412, "PreconditionFailed"), Treatment::Status),
            (code(503, "SlowDown"), Treatment::Repeat),
            (code(400, "RequestTimeout"), Treatment::Repeat),
        ] {
            assert_eq!(response.treatment(), treatment, "{response}");
        }
    }

    #[test]
    fn error_text_has_code_and_message_without_secrets() {
        let s3 = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch\
                  </Code><Message>They do not &quot;match&quot;.</Message><CanonicalRequest>PUT\n\
                  x-amz-security-token:SECRET</CanonicalRequest><Token-0>SECRET</Token-0></Error>";
        let said =
            "the server answers with status 403 (SignatureDoesNotMatch: They do not \"match\".)";
        assert_eq!(read(403, s3).to_string(), said);
        let azure = "\u{feff}<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code>\
                     <Message>Server failed.\nTime:2026</Message><AuthenticationErrorDetail>";
        let end = "</AuthenticationErrorDetail></Error>";
        let expired = read(403, &format!("{azure}Signature not valid in the specified time{end}"));
        assert!(expired.to_string().ends_with("in the specified time)"), "{expired}");
        let wrong = read(403, &format!("{azure}String to sign used was SECRET{end}"));
        let cut = read(403, "<Error><Token-0>SECRET");
        let signed = read(400, "see https://h/b?X-Amz-Signature=SECRET\u{1b}[2J");
        for response in [wrong, cut, signed] {
            let said = format!("{response}");
            assert!(!said.contains("SECRET") && !said.contains('\u{1b}'), "{said}");
        }
        assert!(read(400, &"long ".repeat(9_000)).to_string().len() < 500);
    }

    #[test]
    fn refusal_that_names_a_permission_is_certain() {
        let denied = |message: &str| {
            let body =
                format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");
            read(403, &body).may_hide_absence()
        };
        assert!(denied("Access Denied") && read(403, "").may_hide_absence());
        assert!(denied("User: u is not authorized to perform: s3:ListBucket on resource: r"));
        assert!(!denied("User: u is not authorized to perform: s3:GetObject on resource: r"));
        assert!(!denied("Request has expired"));
        assert!(!code(403, "AuthorizationPermissionMismatch").may_hide_absence());
        assert!(!code(403, "SignatureDoesNotMatch").may_hide_absence());
    }

    #[test]
    fn hints_name_the_setting() {
        let lock = "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP \
                    header is required for Put Object requests with Object Lock parameters\
                    </Message></Error>";
        for (response, word) in [
            (read(400, lock), "`checksum_algorithm`"),
            (code(403, "AccessDenied"), "`request_payer`"),
            (code(501, "NotImplemented"), "`conditional_put`"),
            (code(403, "RequestTimeTooSkewed"), "clock"),
            (code(404, "NoSuchBucket"), "name in the URL"),
            (
                read(400, "<Error><Code>X</Code><Region>eu-central-1</Region></Error>"),
                "eu-central-1",
            ),
        ] {
            let hint = response.hint("S3").unwrap();
            assert!(hint.contains(word), "{hint}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", "eu-west-3".parse().unwrap());
        let request = RequestFacts { is_conditional: false, is_of_machine: false };
        let moved = ErrorResponse::read(301, &headers, b"", &request);
        assert_eq!(moved.kind(), ErrorKind::InvalidInput);
        assert!(moved.hint("S3").unwrap().contains("`eu-west-3`"));
    }
}
