//! The shape of the contract: object safe, and `Send` exactly where there are threads.

use io_core::{HandlerOptions, IOHandler, ModelStore, ModelUrl, Registry};

fn assert_object_safe(_: &dyn IOHandler, _: &dyn ModelStore) {}

#[cfg(not(target_family = "wasm"))]
mod native {
    use io_core::{Error, Weights};

    use super::{IOHandler, ModelStore, Registry};

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    /// A caller can spawn what a handler of an unknown type returns.
    #[expect(dead_code, reason = "compiling is the test")]
    fn futures_are_send(handler: &dyn IOHandler, store: &dyn ModelStore, weights: &Weights) {
        drop(is_send(handler.load()));
        drop(is_send(handler.save(io_core::ModelArtifacts::default())));
        drop(is_send(store.list()));
        drop(is_send(weights.stream()));
        drop(is_send(weights.to_bytes()));
    }

    #[test]
    fn values_are_send_and_sync() {
        fn check<T: Send + Sync>() {}
        check::<Box<dyn IOHandler>>();
        check::<Box<dyn ModelStore>>();
        check::<Weights>();
        check::<Registry>();
        check::<Error>();
        check::<io_core::ModelArtifacts>();
        check::<io_core::HandlerOptions>();
    }
}

/// On wasm a handler may hold what cannot cross threads. This does not compile if it may not.
#[cfg(target_family = "wasm")]
mod wasm {
    use std::{cell::Cell, ops::Range, rc::Rc};

    use io_core::{
        Capabilities, IOHandler, ModelArtifacts, ModelUrl, Result, SaveResult, WeightSource,
        WeightStream,
    };

    #[expect(dead_code, reason = "compiling is the test")]
    #[derive(Debug)]
    struct Local(Rc<Cell<u32>>, ModelUrl);

    #[async_trait::async_trait(?Send)]
    impl IOHandler for Local {
        fn url(&self) -> &ModelUrl {
            &self.1
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities::NONE
        }

        async fn save(&self, _: ModelArtifacts) -> Result<SaveResult> {
            let held = self.0.clone();
            futures::future::ready(()).await;
            held.set(1);
            Err(io_core::Error::unsupported("local", io_core::Operation::Save))
        }

        async fn load(&self) -> Result<ModelArtifacts> {
            Err(io_core::Error::unsupported("local", io_core::Operation::Load))
        }
    }

    #[async_trait::async_trait(?Send)]
    impl WeightSource for Local {
        fn byte_length(&self) -> u64 {
            0
        }

        fn stream(&self, _: Range<u64>) -> WeightStream {
            let held = self.0.clone();
            Box::pin(futures::stream::once(async move {
                held.set(2);
                Ok(bytes::Bytes::new())
            }))
        }
    }
}

#[test]
fn handlers_and_stores_are_objects() {
    let registry = Registry::collect(&[], &[]).unwrap();
    let url = ModelUrl::parse("memory://m").unwrap();
    let handler = registry.handler(&url, &HandlerOptions::new()).unwrap();
    let store = registry.store(&url, &HandlerOptions::new()).unwrap();
    assert_object_safe(&handler, &*store);
}
