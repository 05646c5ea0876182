//! Tensors of Hugging Face. A model of TensorFlow.js keeps all its parts in the metadata, so that it
//! comes back whole.

mod header;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use io_core::{Json, ModelArtifacts};

    use super::{read, write};
    use crate::report::Report;

    #[test]
    fn unknown_keys_come_back_in_their_order_and_to_the_last_digit() {
        let part = r#"{"n":12345678901234567890123,"f":1.10,"e":1e2}"#;
        let extra = ["z", "a"].map(|key| (key.to_owned(), Json::parse(part).unwrap())).to_vec();
        let model_topology = Some(Json::parse(r#"{"a":1.50}"#).unwrap());
        let model = ModelArtifacts { model_topology, extra, ..ModelArtifacts::default() };
        let back = block_on(async {
            let file = write(&model).await.unwrap();
            read(file, &mut Report::new()).await.unwrap()
        });
        assert_eq!(back.extra, model.extra);
        assert_eq!(back.model_topology, model.model_topology);
    }
}
