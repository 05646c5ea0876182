//! The description fits the server.

mod support;

use support::{Form, Site, weights_path};

#[test]
fn every_operation_that_is_described_is_there_and_answers_as_described() {
    let site = Site::new();
    let description = site.get("/openapi.json").json();
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let form = Form::model(b"abcd");
    site.put("m", &form);
    let weights = weights_path(&site, "m");
    let file = weights.rsplit('/').next().unwrap();
    let mut asked = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "m").replace("{file}", file);
        for method in ["get", "head", "put", "post", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            asked += 1;
            assert_eq!(site.put("m", &form).status, 200);
            let has_form = matches!(method, "put" | "post");
            let (kind, body) = (form.content_type(), form.body());
            let (lines, body) =
                if has_form { (&[&kind[..]][..], &body[..]) } else { (&[][..], &[][..]) };
            let reply = site.send(&method.to_ascii_uppercase(), &path, lines, body);
            let status = reply.status.to_string();
            let described = &operation["responses"][&status];
            assert!(reply.status < 400 && described.is_object(), "{method} {path}: {status}");
            if method != "head"
                && let Some(content) = described["content"].as_object()
            {
                let kind = reply.header("content-type").unwrap();
                assert!(content.contains_key(kind), "{method} {path}: {kind}");
            }
            site.put("m", &form);
        }
    }
    assert_eq!(asked, 14);
}

#[test]
fn every_reference_leads_somewhere() {
    let site = Site::new();
    let description = site.get("/openapi.json").json();
    let mut waiting = vec![&description];
    let mut found = 0;
    while let Some(value) = waiting.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            found += 1;
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
        match value {
            serde_json::Value::Array(all) => waiting.extend(all),
            serde_json::Value::Object(all) => waiting.extend(all.values()),
            _ => {}
        }
    }
    assert!(found > 50);
}
