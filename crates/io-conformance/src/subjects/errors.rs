//! E: what errors say, and what they keep to themselves.

use std::error::Error as _;

use io_core::{Error, ModelUrl, Operation};

use crate::{
    Context, samples,
    seen::{Outcome, Seen},
    source::{Fault, Source},
};

behaviours! {
    E1 a_load_that_fails_says_what_and_where [Load]
        "An error has the operation and the URL.";
    E2 a_save_that_fails_says_what_and_where [Save]
        "An error has the operation and the URL.";
    E3 a_store_that_fails_says_what_and_where [Store]
        "An error has the operation and the URL.";
    E4 no_error_tells_a_secret [Load]
        "The URL is kept with credentials and signed query values redacted.";
    E5 an_error_leaves_the_cause_to_the_chain [Save]
        "The text says our part only; the cause is behind `source`, so a printed chain never says anything twice.";
}

fn says(error: &Error, operation: Operation, urls: &[&ModelUrl]) -> Outcome {
    ensure!(
        error.operation() == Some(operation),
        "the operation {:?}, not `{operation}`: {error}",
        error.operation()
    );
    let named = urls.iter().any(|url| error.url() == Some(url.to_string().as_str()));
    ensure!(named, "the URL {:?}, not {urls:?}: {error}", error.url());
    Ok(())
}

fn failed<T>(result: Result<T, Error>, what: &str) -> Outcome<Error> {
    result.err().ok_or_else(|| Seen(format!("{what} succeeded")))
}

async fn a_load_that_fails_says_what_and_where(cx: Context) -> Outcome {
    let error = failed(cx.handler("absent")?.load().await, "loading what is not there")?;
    says(&error, Operation::Load, &[&cx.url("absent")?])
}

/// The error of a save whose source breaks.
async fn broken_save(cx: &Context) -> Outcome<Error> {
    let source = Source::new(140, 3, 400).breaking(Fault::At(1));
    let model = samples::with_weights("broken", 300, source.weights())?;
    failed(cx.handler("model")?.save(model).await, "a save of a source that broke")
}

async fn a_save_that_fails_says_what_and_where(cx: Context) -> Outcome {
    says(&broken_save(&cx).await?, Operation::Save, &[&cx.url("model")?])
}

async fn a_store_that_fails_says_what_and_where(cx: Context) -> Outcome {
    let (store, claimed) = (cx.store()?, cx.capabilities());
    let (absent, to) = (cx.url("absent")?, cx.url("to")?);
    if claimed.list {
        let error = failed(store.stat(&absent).await, "looking at what is not there")?;
        says(&error, Operation::Stat, &[&absent])?;
    }
    if claimed.remove {
        let error = failed(store.remove(&absent).await, "removing what is not there")?;
        says(&error, Operation::Remove, &[&absent])?;
    }
    if claimed.copy {
        let error = failed(store.copy(&absent, &to).await, "copying what is not there")?;
        says(&error, Operation::Copy, &[&absent, &to])?;
    }
    if claimed.rename {
        let error = failed(store.rename(&absent, &to).await, "renaming what is not there")?;
        says(&error, Operation::Move, &[&absent, &to])?;
    }
    Ok(())
}

async fn no_error_tells_a_secret(cx: Context) -> Outcome {
    const SECRET: &str = "hunter2";
    let (scheme, url) = (cx.url("m")?.scheme().to_owned(), cx.url("m")?.as_str().to_owned());
    let texts = [
        format!("{url}?X-Amz-Signature={SECRET}"),
        format!("{url}#access_token={SECRET}"),
        format!("{scheme}://user:{SECRET}@localhost:1/m"),
    ];
    for text in texts {
        let url = ModelUrl::parse(&text)?;
        let error = match cx.place().open(&url, &cx.options()) {
            Err(error) => error,
            Ok(handler) => match handler.load().await {
                Err(error) => error,
                Ok(_) => continue,
            },
        };
        let mut told = vec![error.to_string(), format!("{error:?}")];
        told.extend(error.hint().map(str::to_owned));
        let mut cause = error.source();
        while let Some(inner) = cause {
            told.extend([inner.to_string(), format!("{inner:?}")]);
            cause = inner.source();
        }
        let secret = told.iter().find(|text| text.contains(SECRET));
        ensure!(secret.is_none(), "the secret in: {}", secret.cloned().unwrap_or_default());
    }
    Ok(())
}

async fn an_error_leaves_the_cause_to_the_chain(cx: Context) -> Outcome {
    let error = broken_save(&cx).await?;
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        chain.push(inner.to_string());
        cause = inner.source();
    }
    ensure!(
        chain.iter().any(|text| text.contains("the plug was pulled")),
        "the cause is lost: {chain:?}"
    );
    let twice = chain.iter().zip(chain.iter().skip(1)).find(|(text, next)| text.contains(*next));
    ensure!(twice.is_none(), "a text that has that of its cause: {twice:?}");
    Ok(())
}
