//! The `Host` of a request, which HTTP/1.1 wants exactly once (RFC 9112, 3.2).

use axum::{
    extract::Request,
    http::{HeaderMap, Version, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::problem::Problem;

/// Refuses a request without one valid `Host`.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    match refusal(request.version(), request.headers()) {
        Some(why) => Problem::bad_request(why).into_response(),
        None => next.run(request).await,
    }
}

fn refusal(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Some("the request has several `Host` headers"),
        (None, None) if version == Version::HTTP_11 => Some("the request has no `Host` header"),
        (None, None) => None,
        // An empty one is that of a target without an authority.
        (Some(host), None) if host.is_empty() => None,
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes()).ok();
            // A user and a port that is no number are left over, where there are any.
            let is_host = authority.is_some_and(|authority| {
                let rest = authority.as_str().strip_prefix(authority.host());
                rest.is_some_and(|rest| {
                    let digits = rest.strip_prefix(':').unwrap_or(rest);
                    digits.bytes().all(|byte| byte.is_ascii_digit())
                })
            });
            (!is_host).then_some("the `Host` header is not a host")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Version, header::HOST};

    use super::refusal;

    #[test]
    fn http_1_1_has_one_host_that_is_one() {
        for (hosts, version, ok) in [
            (&["localhost"][..], Version::HTTP_11, true),
            (&["[::1]:80"], Version::HTTP_11, true),
            (&[""], Version::HTTP_11, true),
            (&[], Version::HTTP_11, false),
            (&[], Version::HTTP_10, true),
            (&["a", "a"], Version::HTTP_11, false),
            (&["a", "a"], Version::HTTP_10, false),
            (&["a b"], Version::HTTP_11, false),
            (&["a/b"], Version::HTTP_11, false),
            (&["user@a"], Version::HTTP_11, false),
            (&["a:port"], Version::HTTP_11, false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().unwrap());
            }
            assert_eq!(refusal(version, &headers).is_none(), ok, "{hosts:?}");
        }
    }
}
