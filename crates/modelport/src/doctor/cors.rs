//! What pages of an origin may do: a browser asks the server, and so does this.

use super::{
    finding::{Check, Finding, Teller},
    patient::Patient,
};

/// Nothing, where nobody asks about an origin.
pub(super) async fn check(patient: &Patient, origin: Option<&str>, write: bool, tell: &Teller) {
    let Some(origin) = origin else { return };
    #[cfg(feature = "http")]
    if asked::check(patient, origin, write, tell).await {
        return;
    }
    let _ = (patient, write);
    let message = if cfg!(feature = "http") {
        "no page asks a server for what is there"
    } else {
        "this program is built without `http`, by which a server is asked"
    };
    tell.tell(Finding::not_checked(Check::Cors, format!("{message} (origin `{origin}`)")));
}

#[cfg(feature = "http")]
mod asked {
    use io_core::Result;
    use io_http::{Cors, HttpHandler};

    use super::super::{
        finding::{Check, Finding, Teller},
        patient::{Own, Patient},
    };

    /// What a page has to see to tell one version of a file from another.
    const SEEN: [&str; 2] = ["ETag", "Content-Range"];

    /// `false` when there is no server to ask.
    pub(super) async fn check(patient: &Patient, origin: &str, write: bool, tell: &Teller) -> bool {
        let asks = match &patient.own {
            Own::Http(handler) => {
                tell.tell(read(handler.cors_get(origin).await, origin));
                web(patient, write, handler)
            }
            #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
            Own::Cloud(place) => match cloud(patient, place, write) {
                Ok(asks) => asks,
                Err(error) => {
                    let message = "the address of the objects cannot be asked";
                    tell.tell(Finding::problem(Check::Cors, message).with_error(error));
                    return true;
                }
            },
            _ => return false,
        };
        for Ask { handler, method, headers } in asks {
            let names: Vec<&str> = headers.iter().map(String::as_str).collect();
            let answer = handler.cors_preflight(origin, &method, &names).await;
            tell.tell(leave(answer, origin, &method, &names));
        }
        true
    }

    /// A question to a server.
    struct Ask {
        handler: HttpHandler,
        method: String,
        headers: Vec<String>,
    }

    /// A browser asks before it sends what no form could send.
    fn web(patient: &Patient, write: bool, handler: &HttpHandler) -> Vec<Ask> {
        let settings = &patient.options.settings;
        let lines = settings.get("headers").map(String::as_str).unwrap_or_default().lines();
        let names = lines.filter_map(|line| line.split_once(':'));
        let mut headers: Vec<String> =
            names.map(|(name, _)| name.trim().to_ascii_lowercase()).collect();
        if settings.contains_key("token") {
            headers.push("authorization".to_owned());
        }
        headers.sort_unstable();
        headers.dedup();
        let saves = settings.get("method").map_or("POST", String::as_str);
        let methods = if write { vec!["GET", saves] } else { vec!["GET"] };
        let asks = methods
            .into_iter()
            .filter(|method| !headers.is_empty() || !matches!(*method, "GET" | "HEAD" | "POST"));
        asks.map(|method| Ask {
            handler: handler.clone(),
            method: method.to_owned(),
            headers: headers.clone(),
        })
        .collect()
    }

    /// What the client of the cloud sends in a page. Rules are those of a bucket, whatever the key.
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    fn cloud(patient: &Patient, place: &io_object_store::Place, write: bool) -> Result<Vec<Ask>> {
        let is_anonymous = place
            .settings
            .iter()
            .any(|set| set.name == "anonymous" && set.value.as_deref() == Some("true"));
        let (signature, create): (&[&str], &[&str]) = match patient.url.scheme() {
            "s3" | "s3a" => {
                (&["authorization", "x-amz-content-sha256", "x-amz-date"], &["if-none-match"])
            }
            "gs" => (&["authorization"], &["x-goog-if-generation-match"]),
            _ => (
                &["authorization", "x-ms-date", "x-ms-version"],
                &["if-none-match", "x-ms-blob-type"],
            ),
        };
        let signature = if is_anonymous { &[][..] } else { signature };
        let url = io_core::ModelUrl::parse(&format!("{}/model.json", place.address))?;
        let handler = HttpHandler::new(url, io_core::HandlerOptions::new())?;
        let ask = |method: &str, own: &[&str]| Ask {
            handler: handler.clone(),
            method: method.to_owned(),
            headers: own.iter().chain(signature).map(|name| (*name).to_owned()).collect(),
        };
        let mut asks = vec![ask("GET", &["if-match", "range"])];
        if write {
            asks.push(ask("PUT", &[&["content-type", "if-match"], create].concat()));
            asks.push(ask("DELETE", &[]));
        }
        Ok(asks)
    }

    /// What the answer to a `GET` says.
    fn read(answer: Result<Cors>, origin: &str) -> Finding {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return unanswered(error),
        };
        if !answer.allows_origin(origin) {
            return shut_out(&answer, origin, "read");
        }
        let hidden: Vec<_> = SEEN.into_iter().filter(|name| !answer.exposes_header(name)).collect();
        if hidden.is_empty() {
            return Finding::ok(Check::Cors, format!("pages of `{origin}` may read"));
        }
        let message = format!("pages of `{origin}` may read, but do not see {}", all_of(&hidden));
        let hint = format!(
            "let the server answer with `Access-Control-Expose-Headers: {}`, by which a page knows \
             that a file has changed",
            SEEN.join(", ")
        );
        Finding::warning(Check::Cors, message).with_hint(hint)
    }

    /// What the answer to a preflight says.
    fn leave(answer: Result<Cors>, origin: &str, method: &str, headers: &[&str]) -> Finding {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return unanswered(error),
        };
        let asked = format!("send `{method}`");
        if answer.redirected {
            let message = format!("pages of `{origin}` may not {asked}: the server redirects");
            let hint = "browsers follow no redirect before they have leave; use the last URL";
            return Finding::problem(Check::Cors, message).with_hint(hint);
        }
        if !answer.allows_origin(origin) {
            return shut_out(&answer, origin, &asked);
        }
        if !(200..300).contains(&answer.status) {
            let status = answer.status;
            let message = format!(
                "pages of `{origin}` may not {asked}: the answer to `OPTIONS` has status {status}"
            );
            return Finding::problem(Check::Cors, message);
        }
        if !answer.allows_method(method) {
            let message = format!("pages of `{origin}` may not {asked}");
            let hint = format!("add it to `Access-Control-Allow-Methods`: {method}");
            return Finding::problem(Check::Cors, message).with_hint(hint);
        }
        let refused: Vec<_> =
            headers.iter().copied().filter(|name| !answer.allows_header(name)).collect();
        if !refused.is_empty() {
            let message = format!("pages of `{origin}` may not {asked} with {}", all_of(&refused));
            let hint = format!("add to `Access-Control-Allow-Headers`: {}", refused.join(", "));
            return Finding::problem(Check::Cors, message).with_hint(hint);
        }
        Finding::ok(Check::Cors, format!("pages of `{origin}` may {asked}"))
    }

    fn unanswered(error: io_core::Error) -> Finding {
        Finding::problem(Check::Cors, "the server does not answer as it should").with_error(error)
    }

    fn shut_out(answer: &Cors, origin: &str, what: &str) -> Finding {
        let why = match &answer.allow_origin {
            None => "the answer has no `Access-Control-Allow-Origin`".to_owned(),
            Some(other) => format!("the answer is for `{}`", io_core::redact(other)),
        };
        let hint = format!("let the server answer with `Access-Control-Allow-Origin: {origin}`");
        let message = format!("pages of `{origin}` may not {what}: {why}");
        Finding::problem(Check::Cors, message).with_hint(hint)
    }

    fn all_of(names: &[&str]) -> String {
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    }
}
