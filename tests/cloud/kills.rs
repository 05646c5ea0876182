//! The program is killed in the middle of a save or a removal: at every request that it sends, both
//! before the server does it and after.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use futures::executor::block_on;
use io_core::{Error, ErrorKind, HandlerOptions, IOHandler, ModelStore, ModelUrl, Registration};
use modelport_tests::{
    program,
    servers::{Azurite, Seaweed, Users},
};

use crate::{
    amount, garbage,
    models::{loads, model},
    proxy::{Fate, Proxy},
    words,
};

/// Three parts of 5 MiB, the last one of them short.
const FLOATS: u64 = 11 << 18;

/// A place in a cloud, and how to get there on the way that the proxy is on.
struct Cloud<'a> {
    registration: &'static Registration,
    port: u16,
    url: ModelUrl,
    options: HandlerOptions,
    options_through: &'a dyn Fn(u16) -> HandlerOptions,
}

#[test]
fn s3_saves_that_are_killed_leave_the_old_model_or_the_new_one() {
    let server = Seaweed::start(Users::Known);
    saves(&s3(&server, &|port| server.options_through(port)));
    assert_eq!(server.open_uploads(), 0, "`gc` has not found an upload");
}

#[test]
fn s3_removals_that_are_killed_leave_the_model_or_none() {
    let server = Seaweed::start(Users::Known);
    removals(&s3(&server, &|port| server.options_through(port)));
}

#[test]
fn azure_saves_that_are_killed_leave_the_old_model_or_the_new_one() {
    let server = Azurite::start();
    saves(&azure(&server, &|port| server.options_through(port)));
}

#[test]
fn azure_removals_that_are_killed_leave_the_model_or_none() {
    let server = Azurite::start();
    removals(&azure(&server, &|port| server.options_through(port)));
}

fn s3<'a>(server: &Seaweed, options_through: &'a dyn Fn(u16) -> HandlerOptions) -> Cloud<'a> {
    let registration = &io_object_store::aws::REGISTRATION;
    let (port, url, options) = (server.s3, server.url("m"), server.options());
    Cloud { registration, port, url, options, options_through }
}

fn azure<'a>(server: &Azurite, options_through: &'a dyn Fn(u16) -> HandlerOptions) -> Cloud<'a> {
    let registration = &io_object_store::azure::REGISTRATION;
    let (port, url, options) = (server.port, server.url("m"), server.options());
    Cloud { registration, port, url, options, options_through }
}

/// Every second save is in three shards, the others are in one object of three parts.
fn saves(cloud: &Cloud<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let local = |seed: u8| format!("{}/{seed}", folder.path().display());
    for seed in [1, 2] {
        let url = ModelUrl::new("file", &local(seed)).unwrap();
        let handler = io_fs::FsHandler::new(url, HandlerOptions::new()).unwrap();
        block_on(handler.save(model(seed, FLOATS))).unwrap();
    }
    let mut now = 1;
    block_on(cloud.open().save(model(now, FLOATS))).unwrap();
    let (mut old, mut new, mut debris) = (0, 0, 0);
    cloud.kill_at_every_request(
        |options, round| {
            let mut command = Command::new(program::path());
            // Whatever is there is replaced by the other one.
            command.args(["cp", "--quiet"]).args(words("--to-option", options));
            if round % 2 == 1 {
                command.args(["--shard-bytes", "4000000"]);
            }
            command
        },
        |command, now| {
            command.args([local(3 - now), cloud.url.as_str().to_owned()]);
        },
        &mut now,
        |now| {
            let found = [1, 2].into_iter().find(|seed| loads(&cloud.open(), *seed, FLOATS));
            let found = found.expect("a torn model");
            old += usize::from(found == now);
            new += usize::from(found != now);
            debris += usize::from(!garbage(&cloud.url, &cloud.options, true).is_empty());
            assert!(loads(&cloud.open(), found, FLOATS), "no garbage was removed");
            found
        },
    );
    println!("old {old}, new {new}, debris {debris}");
    assert!(old > 0 && new > 0 && debris > 0, "old {old}, new {new}, debris {debris}");
    cloud.remove_and_see_nothing();
}

fn removals(cloud: &Cloud<'_>) {
    block_on(cloud.open().save(model(1, FLOATS))).unwrap();
    let (mut there, mut gone, mut debris) = (0, 0, 0);
    cloud.kill_at_every_request(
        |options, _| {
            let mut command = Command::new(program::path());
            command.args(["rm", "--quiet"]).args(words("--option", options));
            command
        },
        |command, _| {
            command.arg(cloud.url.as_str());
        },
        &mut 1,
        |seed| {
            if cloud.is_there() {
                assert!(loads(&cloud.open(), seed, FLOATS), "a torn model");
                there += 1;
                return seed;
            }
            gone += 1;
            debris += usize::from(!garbage(&cloud.url, &cloud.options, true).is_empty());
            assert!(!cloud.is_there(), "garbage was a model");
            block_on(cloud.open().save(model(seed, FLOATS))).unwrap();
            seed
        },
    );
    println!("there {there}, gone {gone}, debris {debris}");
    assert!(there > 0 && gone > 0 && debris > 0, "there {there}, gone {gone}, debris {debris}");
    cloud.remove_and_see_nothing();
}

impl Cloud<'_> {
    fn open(&self) -> Box<dyn IOHandler> {
        (self.registration.open)(&self.url, &self.options).unwrap()
    }

    fn store(&self) -> Box<dyn ModelStore> {
        (self.registration.store.unwrap())(&self.url, &self.options).unwrap()
    }

    fn is_there(&self) -> bool {
        match block_on(self.open().load()) {
            Ok(_) => true,
            Err(error) => {
                let error: Error = error;
                assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
                false
            }
        }
    }

    /// Runs the command that `begin` and `end` make, kills it at one of its requests, and has
    /// `check` look at what is there; that is the `state` of the next round.
    fn kill_at_every_request(
        &self,
        begin: impl Fn(&HandlerOptions, usize) -> Command,
        end: impl Fn(&mut Command, u8),
        state: &mut u8,
        mut check: impl FnMut(u8) -> u8,
    ) {
        // Not fewer than each moment of each form of the command, however many are wanted.
        let mut requests = [0; 2];
        let mut round = 0_usize;
        loop {
            let form = round % 2;
            // The first two are not killed, and tell how many requests there are.
            let (at, done) = match (round / 2).checked_sub(1) {
                None => (usize::MAX, true),
                Some(turn) => ((turn / 2) % requests[form], turn % 2 == 1),
            };
            let child: Arc<Mutex<Option<Child>>> = Arc::default();
            let victim = child.clone();
            let proxy = Proxy::start(self.port, move |request| {
                if request.number < at {
                    return Fate::Answered;
                }
                if let Some(child) = victim.lock().unwrap().as_mut() {
                    child.kill().unwrap();
                }
                // What comes with it or after it was on its way as well.
                if done { Fate::AnswerLost } else { Fate::Reset }
            });
            let mut command = begin(&(self.options_through)(proxy.port), round);
            end(&mut command, *state);
            {
                let mut child = child.lock().unwrap();
                *child = Some(command.stdin(Stdio::null()).spawn().unwrap());
            }
            let status = wait(&child);
            proxy.wait_until_quiet();
            assert_eq!(status, at == usize::MAX, "round {round}, request {at}");
            if at == usize::MAX {
                requests[form] = proxy.requests();
            }
            *state = check(*state);
            round += 1;
            let all = 2 + 2 * 2 * requests[0].max(requests[1]);
            if round >= amount(all, 200.max(all)) {
                println!("{round} rounds, {requests:?} requests");
                return;
            }
        }
    }

    fn remove_and_see_nothing(&self) {
        block_on(self.store().remove(&self.url)).unwrap();
        assert!(garbage(&self.url, &self.options, true).is_empty());
        assert!(garbage(&self.url, &self.options, false).is_empty());
    }
}

/// Whether it succeeded. Not by waiting, which would keep the killer from it.
fn wait(child: &Mutex<Option<Child>>) -> bool {
    loop {
        let status = child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
        if let Some(status) = status {
            return status.success();
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
