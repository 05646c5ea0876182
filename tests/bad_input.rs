//! What is not a model, or is a damaged one: one clear sentence, and nothing written.

#[path = "bad_input/damage.rs"]
mod damage;

use std::fs;

use modelport_tests::{fixtures, model::tree, program};

use damage::{Case, DAMAGED, Place, WRONG_URLS};

#[test]
fn damaged_models_are_refused_with_one_sentence_and_nothing_is_written() {
    let mut table = String::new();
    let mut wrong = Vec::new();
    for case in DAMAGED {
        let place = Place::new(case);
        let source = place.source.to_str().unwrap();
        let said = refused_everywhere(case, source, &place);
        table.push_str(&format!("{:32} {said}\n", case.name));
        if !said.contains(case.says) {
            wrong.push(case.name);
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:?} in\n{table}");
}

#[test]
fn wrong_urls_are_refused_with_one_sentence_and_nothing_is_written() {
    for (url, kind, says) in WRONG_URLS {
        let case = Case { name: url, kind, says, fixture: "js-rnn/tfjs", damage: |_| () };
        let place = Place::new(&case);
        let said = refused_everywhere(&case, url, &place);
        println!("{url:32} {said}");
        assert!(said.contains(says), "{url}: {said}");

        // And as a destination.
        let before = tree(&place.root);
        let ran = program::run(["--json", "cp", place.source.to_str().unwrap(), url]);
        assert_eq!(ran.error()["kind"], kind, "{}", ran.stderr);
        assert!(tree(&place.root) == before, "{url}: something was written");
    }
}

/// Copies to a new place and onto an old model, as the store copies and as a stream; returns the
/// sentence that a person reads.
fn refused_everywhere(case: &Case, source: &str, place: &Place) -> String {
    let old = place.root.join("old");
    fixtures::one("k2-quant/tfjs-mixed").copy_files(&old);
    let before = tree(&place.root);
    let mut sentence = String::new();
    for destination in [place.root.join("new"), place.root.join("a/b/new"), old] {
        for options in [&[][..], &["--shard-bytes", "1000"]] {
            let arguments = ["cp", source, destination.to_str().unwrap()];
            let machine = program::run([&["--json"], &arguments[..], options].concat());
            let error = machine.error();
            assert_eq!(error["kind"], case.kind, "{}: {error}", case.name);
            assert_eq!(machine.stderr.lines().count(), 1);

            let person = program::run([&arguments[..], options].concat());
            assert_eq!((person.code, person.stdout.as_str()), (1, ""));
            let mut lines = person.stderr.lines();
            let line = lines.next().unwrap();
            assert!(line.starts_with("error: "), "{line}");
            for hint in lines {
                assert!(hint.starts_with("hint: "), "{}: {hint}", case.name);
            }
            sentence = person.stderr.trim_end().replace('\n', " | ");
            assert!(tree(&place.root) == before, "{}: something was written", case.name);
        }
    }
    sentence.replace(place.root.to_str().unwrap(), "ROOT")
}

/// Checksums notice what lengths cannot; who asks for it can copy all the same.
#[test]
fn a_flipped_bit_is_copied_only_without_checks() {
    let case = DAMAGED.iter().find(|case| case.name == "flipped bit").unwrap();
    let place = Place::new(case);
    let copy = place.root.join("copy");
    let [source, copy] = [&place.source, &copy].map(|dir| dir.to_str().unwrap());
    assert_eq!(program::run(["verify", "--json", source]).error()["kind"], "Corrupt");
    program::run(["cp", "--no-verify", source, copy]).success();
    let [before, after] = [source, copy].map(|dir| fs::read(format!("{dir}/weights.bin")).unwrap());
    assert!(before == after);
}
