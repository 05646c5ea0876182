//! The progress bar.

use std::{sync::OnceLock, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use modelport::{HandlerOptions, ProgressCallback};

use crate::output::Output;

/// A bar on standard error, where there is a person to see it. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new(output: &Output, verb: &'static str) -> Self {
        Self(output.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner());
            bar.set_message(verb);
            bar
        }))
    }

    /// What tells the bar.
    pub(crate) fn callback(&self) -> Option<ProgressCallback> {
        let bar = self.0.clone()?;
        let (measured, written) = (OnceLock::new(), OnceLock::new());
        Some(ProgressCallback::new(move |progress| {
            // The length is known from the first call on.
            measured.get_or_init(|| {
                bar.set_length(progress.total);
                bar.set_style(measure());
            });
            bar.set_position(progress.done);
            // What follows, to make it durable or to read it back, counts no bytes.
            if progress.done == progress.total {
                written.get_or_init(|| bar.set_style(finishing()));
            }
        }))
    }

    /// Options that tell the bar.
    pub(crate) fn watch(&self, mut options: HandlerOptions) -> HandlerOptions {
        options.progress = self.callback();
        options
    }

    /// Shows that something goes on while no bytes are counted, once that takes a while.
    pub(crate) fn tick(&self) {
        if let Some(bar) = &self.0 {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn finishing() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}: finishing {binary_total_bytes}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn measure() -> ProgressStyle {
    let template = "{msg} {wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
