//! Uploads in parts that were begun and neither completed nor taken back. They are no objects and no
//! list of objects has them, but S3 and Google Cloud Storage let their parts be paid for.
//!
//! The client has no request for them, so these are ours; it signs them, and takes uploads back.

#[cfg(feature = "gcp")]
pub(crate) mod gcs;
#[cfg(feature = "aws")]
pub(crate) mod s3;

use std::{fmt, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Garbage, GarbageList, GcOptions, Result, printable_name};
use object_store::{
    MultipartId,
    client::{HttpClient, HttpRequest, HttpRequestBody},
    path::Path,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    cloud::Config,
    connect::Purpose,
    error::{failed, on, shown},
    gc::Unfinished,
    location::Base,
    names,
    objects::SMALL_REQUESTS,
    runtime,
};

/// The longest answer that is read. A thousand uploads or parts take half of one.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The most pages of a list: that many thousands of uploads, or of parts of one.
const MAX_PAGES: u64 = 10_000;

/// What stands for itself in an address.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path.
const ENCODED_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// A client, as far as it goes.
#[async_trait]
trait Account: Send + Sync + 'static {
    /// Says in a request who asks.
    async fn sign(&self, request: &mut HttpRequest) -> object_store::Result<()>;

    /// Takes an upload back.
    async fn abort(&self, key: &Path, id: &MultipartId) -> object_store::Result<()>;
}

/// The unfinished uploads to the bucket whose keys begin at `address`. `config` is that of the client
/// in `account`, which is opened when somebody looks for some.
fn unfinished<A: Account>(
    address: String,
    config: Config,
    account: impl Fn(&Config) -> Result<A> + Send + Sync + 'static,
) -> Unfinished {
    let open = move || {
        let http = config.connect(Purpose::Objects)?;
        Ok::<_, Error>(Uploads { account: account(&config)?, http, address: address.clone() })
    };
    Unfinished(Arc::new(move |root, base, options| match open() {
        Ok(uploads) => uploads.sweep(root, base, options),
        Err(error) => Box::pin(stream::iter([Err(error)])),
    }))
}

struct Uploads<A> {
    account: A,
    http: HttpClient,
    address: String,
}

/// A page of a list, which begins after a key and one of its uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct After {
    key: String,
    id: String,
}

/// What S3 and Google Cloud Storage answer alike.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedUploads {
    upload: Vec<Upload>,
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Upload {
    key: String,
    upload_id: String,
    initiated: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedParts {
    part: Vec<Part>,
    is_truncated: bool,
    next_part_number_marker: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    size: u64,
}

/// What S3 may answer instead, with status 200 too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    code: String,
}

impl<A: Account> Uploads<A> {
    /// Those of weight objects of ours under `root`. One page after the other is asked for as the
    /// stream is polled.
    fn sweep(self, root: Path, base: Base, options: GcOptions) -> GarbageList {
        let own = Arc::new(self);
        let pages = stream::unfold((0, Some(After::default())), move |(number, after)| {
            let (own, root, base, options) =
                (own.clone(), root.clone(), base.clone(), options.clone());
            async move {
                let after = after?;
                if number >= MAX_PAGES {
                    return Some((stream::iter(vec![Err(endless())]), (number, None)));
                }
                let page = own.sweep_page(root, base, options, after);
                let (found, next) = match runtime::spawn(page) {
                    Ok(task) => task.await.and_then(|swept| swept),
                    Err(error) => Err(error),
                }
                .unwrap_or_else(|error| (vec![Err(error)], None));
                Some((stream::iter(found), (number + 1, next)))
            }
        });
        Box::pin(pages.flatten())
    }

    async fn sweep_page(
        self: Arc<Self>,
        root: Path,
        base: Base,
        options: GcOptions,
        after: After,
    ) -> Result<(Vec<Result<Garbage>>, Option<After>)> {
        let Some(listed) = self.list(&root, &after).await? else { return Ok((Vec::new(), None)) };
        let sweeps =
            listed.upload.into_iter().map(|upload| self.sweep_upload(upload, &base, &options));
        let swept: Vec<_> = stream::iter(sweeps).buffered(SMALL_REQUESTS).collect().await;
        let found = swept.into_iter().filter_map(Result::transpose).collect();
        let next = After { key: listed.next_key_marker, id: listed.next_upload_id_marker };
        if listed.is_truncated && next == after {
            return Err(endless());
        }
        Ok((found, listed.is_truncated.then_some(next)))
    }

    /// `None` when it is no garbage, or gone meanwhile.
    async fn sweep_upload(
        &self,
        upload: Upload,
        base: &Base,
        options: &GcOptions,
    ) -> Result<Option<Garbage>> {
        let Some((key, begun)) = garbage_of(&upload, options)? else { return Ok(None) };
        let id = &upload.upload_id;
        let Some(bytes) = self.bytes(&key, id).await? else { return Ok(None) };
        if !options.dry_run {
            match self.account.abort(&key, id).await {
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                aborted => aborted.map_err(on("take back the upload of", &key))?,
            }
        }
        Ok(Some(Garbage::new(base.url(&key)?, bytes, begun)))
    }

    /// A page of the list; `None` from a server that has no such list.
    async fn list(&self, root: &Path, after: &After) -> Result<Option<ListedUploads>> {
        let what = format!("list the unfinished uploads under `{}`", shown(root));
        let prefix = if root.is_root() { String::new() } else { format!("{root}/") };
        let mut address = format!("{}?uploads=&prefix={}", self.address, encoded(&prefix));
        if *after != After::default() {
            address += &format!("&key-marker={}", encoded(&after.key));
            address += &format!("&upload-id-marker={}", encoded(&after.id));
        }
        match self.get(&address, &what).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(error
                    .with_hint("allow `s3:ListBucketMultipartUploads`, or what it is called here"))
            }
            listed => listed,
        }
    }

    /// How large the parts of an upload are together; `None` when it is gone.
    async fn bytes(&self, key: &Path, id: &str) -> Result<Option<u64>> {
        let what = format!("list the parts of `{}`", shown(key));
        let path = utf8_percent_encode(key.as_ref(), ENCODED_PATH);
        let (mut bytes, mut after) = (0_u64, 0_u64);
        loop {
            let address = format!(
                "{}/{path}?part-number-marker={after}&uploadId={}",
                self.address,
                encoded(id)
            );
            let Some(listed) = self.get::<ListedParts>(&address, &what).await? else {
                return Ok(None);
            };
            bytes = listed.part.iter().map(|part| part.size).fold(bytes, u64::saturating_add);
            match listed.next_part_number_marker.parse() {
                // An upload has no more parts than that.
                Ok(next) if listed.is_truncated && next > after && next <= MAX_PAGES => {
                    after = next
                }
                _ => return Ok(Some(bytes)),
            }
        }
    }

    /// What is at an address; `None` when there is nothing.
    async fn get<T: DeserializeOwned>(&self, address: &str, what: &str) -> Result<Option<T>> {
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| {
            failed(
                format!("cannot {what}"),
                &object_store::Error::Generic { store: "bucket", source },
            )
        };
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = address.parse().map_err(|_| {
            Error::new(ErrorKind::InvalidUrl, format!("cannot {what}: it has no address"))
        })?;
        self.account.sign(&mut request).await.map_err(|error| wrong(error.into()))?;
        let answer = self.http.execute(request).await.map_err(|error| wrong(error.into()))?;
        let status = answer.status().as_u16();
        match status {
            200 => {}
            404 => return Ok(None),
            _ => {
                return Err(wrong(format!("the server answers with status code: {status}").into()));
            }
        }
        let mut pieces = answer.into_body().bytes_stream();
        let mut text = Vec::new();
        while let Some(piece) = pieces.next().await {
            text.extend_from_slice(&piece.map_err(|error| wrong(error.into()))?);
            if text.len() > MAX_ANSWER_BYTES {
                return Err(Error::corrupt(format!("cannot {what}: the answer is too long")));
            }
        }
        if let Ok(Failure { code }) = parse(&text) {
            let code = printable_name(&code);
            return Err(wrong(format!("the server answers with the error {code}").into()));
        }
        parse(&text).map(Some).map_err(|error| {
            Error::corrupt(format!("cannot {what}: the answer is not understood"))
                .with_source(error)
        })
    }
}

/// The error of a list that goes on and on.
fn endless() -> Error {
    Error::corrupt("the server's list of unfinished uploads does not come to its end")
}

/// Where an upload goes and when it began, if it is one of ours and old enough.
fn garbage_of(upload: &Upload, options: &GcOptions) -> Result<Option<(Path, SystemTime)>> {
    let Ok(key) = Path::parse(&upload.key) else { return Ok(None) };
    if !key.filename().is_some_and(names::is_ours) {
        return Ok(None);
    }
    let begun = humantime::parse_rfc3339(&upload.initiated).map_err(|error| {
        let message = format!("the upload of `{}` has no date", shown(&key));
        Error::corrupt(message).with_source(error)
    })?;
    Ok(options.is_old(begun).then_some((key, begun)))
}

fn parse<T: DeserializeOwned>(xml: &[u8]) -> Result<T, quick_xml::DeError> {
    quick_xml::de::from_reader(xml)
}

fn encoded(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Failure, ListedParts, ListedUploads, garbage_of, parse};
    use io_core::GcOptions;

    const UPLOADS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
          <Bucket>b</Bucket><KeyMarker></KeyMarker><MaxUploads>1000</MaxUploads>
          <Upload>
            <Key>m/weights.0123456789abcdef-00000064-a-b.bin</Key><UploadId>one&amp;two</UploadId>
            <Owner><ID>o</ID></Owner><Initiated>2024-05-06T07:08:09.000Z</Initiated>
          </Upload>
          <Upload>
            <Key>m/notes.bin</Key><UploadId>x</UploadId><Initiated>never</Initiated>
          </Upload>
          <NextKeyMarker>m/notes.bin</NextKeyMarker><NextUploadIdMarker>x</NextUploadIdMarker>
          <IsTruncated>true</IsTruncated>
        </ListMultipartUploadsResult>"#;

    #[test]
    fn uploads_of_ours_that_are_old_are_garbage() {
        let listed: ListedUploads = parse(UPLOADS.as_bytes()).unwrap();
        assert!(listed.is_truncated);
        assert_eq!(
            (&*listed.next_key_marker, &*listed.next_upload_id_marker),
            ("m/notes.bin", "x")
        );
        let [ours, others] = &listed.upload[..] else { panic!("{listed:?}") };
        assert_eq!(ours.upload_id, "one&two");
        let all = GcOptions::default();
        let (key, begun) = garbage_of(ours, &all).unwrap().unwrap();
        assert_eq!(key.as_ref(), ours.key);
        assert_eq!(humantime::format_rfc3339(begun).to_string(), "2024-05-06T07:08:09Z");
        let younger = Duration::from_secs(1000 * 365 * 24 * 60 * 60);
        assert!(garbage_of(ours, &all.clone().with_older_than(younger)).unwrap().is_none());
        // Whose date nobody needs to know.
        assert!(garbage_of(others, &all).unwrap().is_none());
    }

    #[test]
    fn an_empty_list_has_nothing() {
        let listed: ListedUploads = parse(b"<ListMultipartUploadsResult/>").unwrap();
        assert!(listed.upload.is_empty() && !listed.is_truncated);
        assert!(parse::<ListedUploads>(b"<html><br></html>").is_err());
        let failure = b"<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>";
        assert_eq!(parse::<Failure>(failure).unwrap().code, "SlowDown");
        for other in ["<ListMultipartUploadsResult/>", UPLOADS] {
            assert!(parse::<Failure>(other.as_bytes()).is_err());
        }
        let parts = "<ListPartsResult><Part><Size>5</Size></Part><Part><Size>7</Size></Part>\
                     <IsTruncated>false</IsTruncated></ListPartsResult>";
        let listed: ListedParts = parse(parts.as_bytes()).unwrap();
        assert_eq!(listed.part.iter().map(|part| part.size).sum::<u64>(), 12);
    }
}
