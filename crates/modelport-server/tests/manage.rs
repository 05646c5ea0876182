//! Listing, looking, copying, moving, removing.

mod support;

use support::{Form, Site, weights_path};

#[test]
fn the_list_has_pages_in_the_order_of_names() {
    let site = Site::new();
    assert_eq!(site.get("/models").json(), serde_json::json!({"models": [], "next": null}));
    for name in ["b", "a/z", "a", "c", "a/b/c"] {
        assert_eq!(site.put(name, &Form::model(b"abcd")).status, 201);
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    for _ in 0..9 {
        let page = site.get(&format!("/models?limit=2&after={after}")).json();
        let models = page["models"].as_array().unwrap();
        assert!(models.len() <= 2);
        names.extend(models.iter().map(|model| model["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["a", "a/b/c", "a/z", "b", "c"]);
    let below = site.get("/models?prefix=a/").json();
    assert_eq!(below["models"].as_array().unwrap().len(), 2);
    assert_eq!(below["models"][0]["weightDataBytes"], 4);
    assert_eq!(site.get("/models?limit=x").status, 400);
    // A damaged model hides no other.
    std::fs::write(site.root.path().join("b/model.json"), b"{").unwrap();
    assert_eq!(site.get("/models").json()["models"].as_array().unwrap().len(), 4);
}

#[test]
fn models_are_copied_moved_and_removed() {
    let site = Site::new();
    site.put("a", &Form::model(b"abcd"));
    let post = |path: &str, lines: &[&str]| site.send("POST", path, lines, &[]).status;
    assert_eq!(post("/models/a?copyTo=t/b", &[]), 201);
    assert_eq!(post("/models/a?copyTo=t/b", &["If-None-Match: *"]), 412);
    assert_eq!(post("/models/a?copyTo=t/b", &[]), 200);
    assert_eq!(post("/models/no?copyTo=x", &[]), 404);
    assert_eq!(post("/models/a?copyTo=../x", &[]), 400);
    assert_eq!(post("/models/a?copyTo=a", &[]), 400);
    assert_eq!(post("/models/a?copyTo=x&moveTo=y", &[]), 400);
    assert_eq!(post("/models/t/b?moveTo=c", &["If-None-Match: *"]), 201);
    assert_eq!(site.get("/models/t/b?stat").status, 404);
    assert_eq!(site.get(&weights_path(&site, "c")).body, b"abcd");
    let entry = site.get("/models/c?stat").json();
    assert_eq!((&entry["name"], &entry["weightDataBytes"]), (&"c".into(), &4.into()));

    let gone = site.send("DELETE", "/models/c", &[], &[]);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(site.send("DELETE", "/models/c", &[], &[]).status, 404);
    assert_eq!(site.get("/models/c/model.json").status, 404);
    assert_eq!(site.get("/models").json()["models"].as_array().unwrap().len(), 1);
}

/// By the rules of URLs, from whatever URL was asked.
#[test]
fn a_change_tells_where_the_model_is() {
    let site = Site::new();
    let form = Form::model(b"abcd");
    for (method, path) in [
        ("PUT", "/models/team/a%20b"),
        ("PUT", "/models/team/a%20b/model.json"),
        ("POST", "/models/team/a%20b/model.json"),
        ("POST", "/models/team/a%20b?copyTo=x/y/z"),
        ("POST", "/models/x/y/z?copyTo=one"),
        ("POST", "/models/one?copyTo=team/two"),
        ("POST", "/models/team/two?moveTo=team/three"),
        ("POST", "/models/one/model.json?copyTo=team/four"),
    ] {
        let body = if path.contains('?') { Vec::new() } else { form.body() };
        let reply = site.send(method, path, &[&form.content_type()], &body);
        assert!(matches!(reply.status, 200 | 201), "{method} {path}: {}", reply.status);
        let name = reply.json()["name"].as_str().unwrap().to_owned();
        let mut told: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        told.pop();
        for segment in reply.header("location").unwrap().split('/') {
            match segment {
                "." => {}
                ".." => drop(told.pop()),
                name => told.push(name),
            }
        }
        assert_eq!(told.join("/"), format!("/models/{}/model.json", name.replace(' ', "%20")));
        assert_eq!(site.get(&told.join("/")).status, 200);
    }
}

#[test]
fn the_server_says_what_it_can() {
    let site = Site::new();
    assert_eq!(site.get("/health").json(), serde_json::json!({"status": "ok"}));
    let can = site.get("/.well-known/modelport").json();
    assert_eq!((&can["modelport"], &can["models"]), (&1.into(), &"/models".into()));
    let all = ["list", "stat", "save", "load", "remove", "copy", "rename"];
    assert_eq!(can["operations"], serde_json::json!(all));
    assert!(can["limits"]["bodyBytes"].as_u64().unwrap() > 0);
}
