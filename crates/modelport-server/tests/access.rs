//! Tokens, and pages of other origins.

mod support;

use modelport_server::{ListenOptions, ServerOptions, Tokens};
use support::{Form, Site};

const WRITE: &str = "Authorization: Bearer write-0123456789abcdef";
const READ: &str = "Authorization: bearer read-0123456789abcdef";
const WRONG: &str = "Authorization: Bearer wrong-0123456789abcdef";

#[test]
fn who_may_write_may_read_and_not_the_other_way_round() {
    let options = ServerOptions::new()
        .with_write_tokens(Tokens::parse("write-0123456789abcdef").unwrap())
        .with_read_tokens(Tokens::parse("read-0123456789abcdef").unwrap());
    let site = Site::with(options, ListenOptions::new());
    let form = Form::model(b"abcd");
    let kind = form.content_type();
    for (method, path, body, none, read, write) in [
        ("PUT", "/models/m", form.body(), 401, 403, 201),
        ("GET", "/models/m/model.json", vec![], 401, 200, 200),
        ("GET", "/models", vec![], 401, 200, 200),
        ("GET", "/models/m?stat", vec![], 401, 200, 200),
        ("HEAD", "/models/m/model.json", vec![], 401, 200, 200),
        ("POST", "/models/m?copyTo=n", vec![], 401, 403, 201),
        ("DELETE", "/models/m", vec![], 401, 403, 204),
        ("GET", "/health", vec![], 200, 200, 200),
        ("GET", "/.well-known/modelport", vec![], 200, 200, 200),
    ] {
        for (token, expected) in [("X: y", none), (WRONG, none), (READ, read), (WRITE, write)] {
            let reply = site.send(method, path, &[&kind, token], &body);
            assert_eq!(reply.status, expected, "{method} {path} {token}");
            if reply.status == 401 {
                assert_eq!(reply.header("www-authenticate"), Some("bearer"));
            }
        }
    }
}

#[test]
fn pages_of_an_origin_that_is_allowed_may_use_the_server() {
    let options = ServerOptions::new().with_cors_origin("https://app.example").unwrap();
    let site = Site::with(options, ListenOptions::new());
    let asked = [
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: authorization,if-none-match",
    ];
    let preflight = |origin: &str| {
        site.send("OPTIONS", "/models/m", &[&format!("Origin: {origin}"), asked[0], asked[1]], &[])
    };
    let reply = preflight("https://app.example");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("put"));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), None);

    let form = Form::model(b"abcd");
    let put = |origin: &str| {
        let origin = format!("Origin: {origin}");
        site.send("PUT", "/models/m", &[&form.content_type(), &origin], &form.body())
    };
    let reply = put("https://app.example");
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (201, Some("https://app.example"))
    );
    assert!(reply.header("access-control-expose-headers").unwrap().contains("etag"));
}

/// A form can be sent by any page, without a preflight.
#[test]
fn a_page_of_another_origin_cannot_change_models_where_nobody_needs_a_token() {
    let site = Site::new();
    let form = Form::model(b"abcd");
    let own = format!("http://{}", site.address);
    for (origin, expected) in [("https://evil.example", 403), ("null", 403), (&own[..], 201)] {
        let origin = format!("Origin: {origin}");
        let reply = site.send("POST", "/models/m", &[&form.content_type(), &origin], &form.body());
        assert_eq!(reply.status, expected, "{origin}");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

/// A page whose own name leads to this machine is of the server's origin.
#[test]
fn a_server_that_needs_no_token_is_not_found_by_the_names_of_strangers() {
    let app = || ServerOptions::new().with_cors_origin("https://app.example").unwrap();
    let tokens = Tokens::parse("write-0123456789abcdef").unwrap();
    for (options, host, expected) in [
        (app(), "evil.example:8500", 403),
        (app(), "evil.example", 403),
        (app(), "localhost.evil.example", 403),
        (app(), "127.0.0.1.evil.example", 403),
        (app(), "a b", 400),
        (app(), "LOCALHOST:8500", 200),
        (app(), "127.0.0.1", 200),
        (app(), "[::1]:8500", 200),
        (app(), "app.example:8500", 200),
        (app().with_any_host(), "evil.example", 200),
        (app().with_write_tokens(tokens), "models.example", 200),
    ] {
        let site = Site::with(options, ListenOptions::new());
        let origin = format!("Origin: http://{host}");
        let reply = site.send_to(host, ("GET", "/models"), &[&origin], &[]);
        assert_eq!(reply.status, expected, "{host}");
        if expected != 200 {
            let reply = site.send_to(host, ("DELETE", "/models/m"), &[&origin], &[]);
            assert_eq!(reply.status, expected, "{host}");
        }
    }
}
