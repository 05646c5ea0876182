//! What `doctor` says of places that fail, lie, or give no way back, and what it leaves there.

// `async_trait` of another target; the code that is tested is the same.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    task::{Context, Waker},
    thread::sleep,
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, executor::block_on};
use modelport::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelEntry,
    ModelList, ModelStore, ModelUrl, Result, SaveResult, Weights, WriteMode,
    doctor::{Check, DoctorOptions, Finding, Outcome, doctor},
    memory,
};

modelport::register_handler! {
    name: "faulty",
    schemes: [
        "sound", "careless", "closed", "broken", "said-lost", "kept-half", "stuck",
        "lingering", "slow"
    ],
    capabilities: Capabilities::NONE.load().save().list().remove().create(),
    open: |url, options| Ok(Box::new(Faulty { url: url.clone(), inner: inner(url, options)? })),
    store: Some(|url, options| {
        let open = memory::REGISTRATION.store.unwrap();
        Ok(Box::new(Faulty { url: url.clone(), inner: open(&behind(url), options)? }))
    }),
}

/// A handler or a store over `memory://`; its scheme names its fault.
#[derive(Debug)]
struct Faulty<T> {
    url: ModelUrl,
    inner: T,
}

fn behind(url: &ModelUrl) -> ModelUrl {
    ModelUrl::new("memory", url.rest()).unwrap()
}

fn inner(url: &ModelUrl, options: &HandlerOptions) -> Result<memory::MemoryHandler> {
    let options = match url.scheme() {
        "careless" => options.clone().with_write_mode(WriteMode::Replace),
        _ => options.clone(),
    };
    memory::MemoryHandler::new(behind(url), options)
}

#[async_trait]
impl IOHandler for Faulty<memory::MemoryHandler> {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn save(&self, model: ModelArtifacts) -> Result<SaveResult> {
        match self.url.scheme() {
            "closed" => return Err(Error::new(ErrorKind::PermissionDenied, "not for you")),
            "broken" => return Err(Error::new(ErrorKind::Network, "the line went dead")),
            "slow" => sleep(Duration::from_millis(50)),
            _ => {}
        }
        let saved = self.inner.save(model).await?;
        if self.url.scheme() == "said-lost" {
            return Err(Error::new(ErrorKind::Network, "the answer is lost"));
        }
        Ok(saved)
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let mut model = self.inner.load().await?;
        if self.url.scheme() == "kept-half" {
            model.weight_data = Some(Weights::from(b"modelport".to_vec()));
        }
        Ok(model)
    }
}

#[async_trait]
impl ModelStore for Faulty<Box<dyn ModelStore>> {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        self.inner.list()
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        self.inner.stat(&behind(model)).await
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        match self.url.scheme() {
            "stuck" => Err(Error::new(ErrorKind::PermissionDenied, "nobody may remove")),
            "lingering" => self.inner.stat(&behind(model)).await,
            _ => self.inner.remove(&behind(model)).await,
        }
    }
}

/// What is in a place, as `memory://` has it.
fn kept(place: &str) -> Vec<ModelEntry> {
    let url = ModelUrl::new("memory", place).unwrap();
    let store = (memory::REGISTRATION.store.unwrap())(&url, &HandlerOptions::new()).unwrap();
    block_on(store.list().try_collect()).unwrap()
}

fn examine(url: &str) -> Vec<Finding> {
    let options = DoctorOptions::default().with_write(true);
    block_on(doctor(url, &options, &HandlerOptions::new()).unwrap().collect())
}

fn one(findings: &[Finding], check: Check) -> &Finding {
    let mut own = findings.iter().filter(|finding| finding.check == check);
    let finding = own.next().unwrap();
    assert!(own.next().is_none(), "{findings:?}");
    finding
}

#[test]
fn whatever_goes_wrong_is_told_and_nothing_is_left() {
    use Outcome::{NotChecked, Ok, Problem};
    for (scheme, write, conditions, delete) in [
        ("sound", (Ok, "was saved and read again"), Ok, Ok),
        ("careless", (Ok, "was saved and read again"), Problem, Ok),
        ("closed", (Problem, "this place is read-only for you"), NotChecked, NotChecked),
        ("broken", (Problem, "no model can be saved there"), NotChecked, NotChecked),
        ("said-lost", (Problem, "no model can be saved there"), NotChecked, Ok),
        ("kept-half", (Problem, "it cannot be read again"), Ok, Ok),
    ] {
        let place = format!("nothing-left-{scheme}");
        let found = examine(&format!("{scheme}://{place}/models"));
        let told = one(&found, Check::Write);
        assert_eq!(told.outcome, write.0, "{scheme}: {found:?}");
        assert!(told.message.contains(write.1), "{scheme}: {found:?}");
        assert_eq!(one(&found, Check::Conditions).outcome, conditions, "{scheme}: {found:?}");
        assert_eq!(one(&found, Check::Delete).outcome, delete, "{scheme}: {found:?}");
        assert!(kept(&place).is_empty(), "{scheme}: {found:?}");
    }
}

#[test]
fn what_cannot_be_taken_back_is_named() {
    for scheme in ["stuck", "lingering"] {
        let place = format!("named-{scheme}");
        let found = examine(&format!("{scheme}://{place}/models"));
        let told = one(&found, Check::Delete);
        let left = kept(&place);
        assert_eq!((told.outcome, left.len()), (Outcome::Problem, 1), "{found:?}");
        let name = left.first().unwrap().url.rest();
        assert!(name.starts_with(&format!("{place}/models/modelport-doctor-")), "{name}");
        assert!(told.message.contains(&format!("`{scheme}://{name}`")), "{found:?}");
    }
}

#[test]
fn what_nobody_waits_for_any_more_is_taken_back_all_the_same() {
    let options = DoctorOptions::default().with_write(true);
    let mut dropped_at_work = 0;
    for polls in 0..60 {
        let url = "slow://given-up/models";
        let mut findings = doctor(url, &options, &HandlerOptions::new()).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut is_at_work = false;
        for _ in 0..polls {
            is_at_work = findings.poll_next_unpin(&mut context).is_pending();
            sleep(Duration::from_millis(1));
        }
        dropped_at_work += u32::from(is_at_work);
        drop(findings);
        assert!(kept("given-up").is_empty(), "after {polls} polls");
        if is_at_work && dropped_at_work == 5 {
            return;
        }
    }
    assert!(dropped_at_work > 0, "it was never dropped at work");
}

#[test]
fn unasked_nothing_is_written() {
    let url = "stuck://unasked/models";
    let findings = doctor(url, &DoctorOptions::default(), &HandlerOptions::new()).unwrap();
    let found: Vec<_> = block_on(findings.collect());
    for check in [Check::Write, Check::Conditions, Check::Delete] {
        assert_eq!(one(&found, check).outcome, Outcome::NotChecked, "{found:?}");
    }
    assert!(kept("unasked").is_empty());
}
