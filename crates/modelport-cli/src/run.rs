//! Running a command, and stopping it when a signal asks to.

use std::pin::pin;

use futures::future::{self, Either};

use crate::{
    args::{Args, Command},
    commands,
    failure::Failure,
    output::Output,
};

/// Runs the command.
pub(crate) fn run(args: Args, output: &mut Output) -> Result<(), Failure> {
    let Args { global, command } = args;
    match command {
        Command::Copy(args) => interruptible(commands::transfer::copy(&global, &args, output)),
        Command::Move(args) => interruptible(commands::transfer::shift(&global, &args, output)),
        Command::Convert(args) => interruptible(commands::convert::run(&global, &args, output)),
        Command::Remove(args) => interruptible(commands::remove::run(&global, &args.url, output)),
        Command::List { url } => plain(commands::list::run(&global, &url, output)),
        Command::Doctor(args) => interruptible(commands::doctor::run(&global, &args, output)),
        Command::Gc(args) => interruptible(commands::gc::run(&global, &args, output)),
        Command::Info { url, digest } => plain(commands::info::run(&global, &url, digest, output)),
        Command::Verify(args) => plain(commands::verify::run(&global, &args.url, output)),
        #[cfg(feature = "cache")]
        Command::Cache(args) => commands::cache::run(&args, output),
        #[cfg(feature = "serve")]
        Command::Serve(args) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(commands::serve::run(&global, &args, output, interruption()))
        }
        Command::Schemes => commands::schemes::run(output),
        Command::Completions { shell } => commands::completions::run(shell, output),
        Command::Man { command } => commands::man::run(command.as_deref(), output),
    }
}

/// Runs what only reads: a signal may end it as it ends any program.
fn plain(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    runtime()?.block_on(work)
}

/// Runs what writes: a signal drops the future, which undoes what is half done.
fn interruptible(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    runtime()?.block_on(async {
        // The signals first: from the first step of the work on, somebody listens.
        match future::select(pin!(interruption()), pin!(work)).await {
            Either::Left((interruption, _)) => Err(interruption),
            Either::Right((outcome, _)) => outcome,
        }
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Ends when the user or the system asks to stop.
#[cfg(unix)]
async fn interruption() -> Failure {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let waits = kinds.map(|kind| {
        Box::pin(async move {
            // Where a signal cannot be watched, it does what it does to any program.
            match signal(kind) {
                Ok(mut signal) => signal.recv().await,
                Err(_) => future::pending().await,
            };
            Failure::Interrupted(u8::try_from(kind.as_raw_value()).unwrap_or_default())
        })
    });
    future::select_all(waits).await.0
}

/// Ends when the user asks to stop.
#[cfg(not(unix))]
async fn interruption() -> Failure {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Failure::Interrupted(2),
        Err(_) => future::pending().await,
    }
}
