//! Saves over a model on a disk that is full, or that may only be read.
//!
//! Each runs in a mount namespace of its own, which takes root. Where there is none these tests
//! fail: a promise that nobody checked is not kept.

use std::{fs, path::Path, process::Command};

use modelport_tests::{
    fixtures,
    model::{ModelFiles, tree},
    program::{self, finish},
};
use serde_json::{Value, json};

/// Mounts `$DISK` with the options `$ROOM`, puts the old model there if there is one, saves the new
/// one over it after `$BETWEEN`, and leaves what it saw in `$SEEN`.
const SCRIPT: &str = r#"
set -e
mount -t tmpfs -o "$ROOM" tmpfs "$DISK" || { echo "this test needs to mount" >&2; exit 99; }
[ -z "$OLD" ] || "$BIN" -q cp "$OLD" "$DISK/m"
cp -a "$DISK/." "$SEEN/before"
eval "$BETWEEN"
set +e
"$BIN" --json cp "$NEW" "$DISK/m" >"$SEEN/stdout" 2>"$SEEN/stderr"
echo $? >"$SEEN/code"
set -e
cp -a "$DISK/." "$SEEN/after"
[ ! -e "$DISK/m/model.json" ] || "$BIN" -q verify "$DISK/m"
"#;

/// What a save on a small disk came to.
struct Outcome {
    /// The error object; null when the save succeeded.
    error: Value,
    root: tempfile::TempDir,
}

impl Outcome {
    fn assert_old_model_and_nothing_else(&self) {
        let [before, after] = ["before", "after"].map(|name| tree(&self.root.path().join(name)));
        let names: Vec<_> = after.keys().collect();
        assert!(before == after, "{}: {names:?}", self.error);
    }

    fn assert_new_model(&self, new: &ModelFiles) {
        let dir = self.root.path().join("after/m");
        new.assert_same(&ModelFiles::read(&dir), "the new model");
    }
}

#[test]
fn on_a_full_disk_the_save_fails_and_the_old_model_stays() {
    let models = tempfile::tempdir().unwrap();
    let old = &fixtures::one("k2-quant/tfjs-mixed").dir;
    let new = models.path().join("new");
    write_model(&new, 100_000);
    let (mut failed, mut saved) = (0, 0);
    // From room for the old model alone to room for both: the disk is full at another step of the
    // save each time.
    for pages in (4..64).step_by(2) {
        let outcome = save(Some(old), &new, &format!("size={}", pages * 4096), ":");
        if outcome.error.is_null() {
            outcome.assert_new_model(&ModelFiles::read(&new));
            saved += 1;
        } else {
            println!("{pages} pages: {}", outcome.error);
            assert_eq!(outcome.error["kind"], "QuotaExceeded", "{}", outcome.error);
            outcome.assert_old_model_and_nothing_else();
            failed += 1;
        }
    }
    assert!(failed > 5 && saved > 1, "{failed} saves failed and {saved} did not");
}

#[test]
fn on_a_full_disk_a_first_save_leaves_nothing() {
    let models = tempfile::tempdir().unwrap();
    let new = models.path().join("new");
    write_model(&new, 100_000);
    for pages in [1, 2, 8, 24, 26, 27, 28] {
        let outcome = save(None, &new, &format!("size={}", pages * 4096), ":");
        if outcome.error.is_null() {
            outcome.assert_new_model(&ModelFiles::read(&new));
        } else {
            println!("{pages} pages: {}", outcome.error);
            assert_eq!(outcome.error["kind"], "QuotaExceeded", "{}", outcome.error);
            outcome.assert_old_model_and_nothing_else();
        }
    }
}

/// A small model whose files do not fit by their number.
#[test]
fn without_room_for_more_files_the_save_fails_and_the_old_model_stays() {
    let old = &fixtures::one("k2-quant/tfjs-mixed").dir;
    let new = &fixtures::one("k2-sharded/tfjs-30").dir;
    let (mut failed, mut saved) = (0, 0);
    for inodes in 7..40 {
        let outcome = save(Some(old), new, &format!("nr_inodes={inodes}"), ":");
        if outcome.error.is_null() {
            outcome.assert_new_model(&ModelFiles::read(new));
            saved += 1;
        } else {
            assert_eq!(outcome.error["kind"], "QuotaExceeded", "{}", outcome.error);
            outcome.assert_old_model_and_nothing_else();
            failed += 1;
        }
    }
    assert!(failed > 1 && saved > 1, "{failed} saves failed and {saved} did not");
}

#[test]
fn on_a_read_only_disk_the_save_is_refused_and_the_old_model_stays() {
    let old = &fixtures::one("k2-quant/tfjs-mixed").dir;
    let new = &fixtures::one("js-rnn/tfjs").dir;
    let outcome = save(Some(old), new, "size=1m", r#"mount -o remount,ro "$DISK""#);
    assert_eq!(outcome.error["kind"], "PermissionDenied", "{}", outcome.error);
    outcome.assert_old_model_and_nothing_else();
}

fn save(old: Option<&Path>, new: &Path, room: &str, between: &str) -> Outcome {
    let root = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    for dir in ["disk", "before", "after"] {
        fs::create_dir(root.path().join(dir)).unwrap();
    }
    let ran = finish(
        Command::new("unshare")
            .args(["-m", "bash", "-c", SCRIPT])
            .env("BIN", program::path())
            .env("DISK", &disk)
            .env("SEEN", root.path())
            .env("OLD", old.unwrap_or(Path::new("")))
            .env("NEW", new)
            .env("ROOM", room)
            .env("BETWEEN", between),
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{room}");
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    let error = match read("code").trim() {
        "0" => Value::Null,
        code => {
            assert_eq!(code, "1", "{}", read("stderr"));
            serde_json::from_str(&read("stderr")).unwrap()
        }
    };
    Outcome { error, root }
}

fn write_model(dir: &Path, bytes: usize) {
    fs::create_dir_all(dir).unwrap();
    let weight = json!({"name": "w", "shape": [bytes], "dtype": "uint8"});
    let manifest = json!([{"paths": ["weights.bin"], "weights": [weight]}]);
    let model = json!({"modelTopology": {"new": true}, "weightsManifest": manifest});
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
    fs::write(dir.join("weights.bin"), vec![7; bytes]).unwrap();
}
