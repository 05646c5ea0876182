//! What the suite cannot know: the URL, the file, and damage to it.

use futures::executor::block_on;
use modelport::{DType, ErrorKind, Json, ModelArtifacts, WeightSpec, Weights};

const BYTES: usize = 5 << 20;

fn model() -> ModelArtifacts {
    let elements = BYTES as u64 / 4;
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("dense/kernel", [elements], DType::Float32)]),
        weight_data: Some(Weights::from((0..BYTES).map(|i| i as u8).collect::<Vec<_>>())),
        ..ModelArtifacts::default()
    }
}

struct Db(tempfile::TempDir);

impl Db {
    fn new() -> Self {
        modelport::link_handlers!(modelport_sqlite);
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("models.db")
    }

    fn url(&self, model: &str) -> String {
        format!("sqlite://{}?model={model}", self.path().display())
    }
}

#[test]
fn a_model_goes_through_the_facade_and_back() {
    let db = Db::new();
    block_on(async {
        modelport::save(db.url("team/mnist"), model()).await.unwrap();
        let file = format!("file://{}/copy", db.0.path().display());
        modelport::copy_model(db.url("team/mnist"), file.as_str()).await.unwrap();
        modelport::move_model(file.as_str(), db.url("back")).await.unwrap();
        let weights = modelport::load(db.url("back")).await.unwrap().weight_data.unwrap();
        let due = model().weight_data.unwrap().to_bytes().await.unwrap();
        assert!(weights.to_bytes().await.unwrap() == due);
    });
}

#[test]
fn urls_that_name_no_file_or_no_model_are_refused() {
    modelport::link_handlers!(modelport_sqlite);
    for url in [
        "sqlite://",
        "sqlite://?model=x",
        "sqlite://x.db",
        "sqlite://x.db?model=",
        "sqlite://x.db?mode=ro",
    ] {
        assert_eq!(modelport::handler(url).unwrap_err().kind(), ErrorKind::InvalidUrl, "{url}");
    }
}

#[test]
fn what_is_not_a_database_is_corrupt_and_left_alone() {
    let db = Db::new();
    let text = "these are somebody's notes, not a database, and longer than a header";
    std::fs::write(db.path(), text).unwrap();
    let loaded = block_on(modelport::load(db.url("m")));
    assert_eq!(loaded.unwrap_err().kind(), ErrorKind::Corrupt);
    let saved = block_on(modelport::save(db.url("m"), model()));
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(std::fs::read_to_string(db.path()).unwrap(), text);
}

#[test]
fn bytes_that_changed_are_found() {
    let db = Db::new();
    block_on(modelport::save(db.url("m"), model())).unwrap();
    let connection = rusqlite::Connection::open(db.path()).unwrap();
    let load = || {
        block_on(async {
            modelport::load(db.url("m")).await?.weight_data.unwrap().to_bytes().await
        })
    };
    let zeros = "UPDATE chunks SET bytes = zeroblob(length(bytes)) WHERE number = 2";
    assert_eq!(connection.execute(zeros, []).unwrap(), 1);
    assert_eq!(load().unwrap_err().kind(), ErrorKind::Corrupt);
    let shorter = "UPDATE chunks SET bytes = zeroblob(7) WHERE number = 2";
    assert_eq!(connection.execute(shorter, []).unwrap(), 1);
    assert_eq!(load().unwrap_err().kind(), ErrorKind::Corrupt);
}
