//! Tensors as what the crate `safetensors` writes.

use std::borrow::Cow;

use bytes::Bytes;
use io_core::{DType, Error, ErrorKind, Result, printable_name};
use safetensors::{Dtype, View};

use crate::Tensor;

/// A tensor that [`safetensors::serialize`] takes. It shares the bytes of the weight, unless they are
/// quantised.
#[derive(Clone, Debug)]
pub struct SafetensorsView {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Bytes,
}

impl Tensor<'_> {
    /// The tensor for [`safetensors::serialize`].
    ///
    /// ```
    /// use io_core::{DType, WeightSpec};
    ///
    /// let specs = [WeightSpec::new("dense/bias", [2], DType::Int32)];
    /// let parts = [bytes::Bytes::from_static(&[1, 0, 0, 0, 2, 0, 0, 0])];
    /// let mut views = Vec::new();
    /// for tensor in io_manifest::tensors(&specs, &parts) {
    ///     let tensor = tensor?;
    ///     views.push((tensor.spec.name.clone(), tensor.to_safetensors()?));
    /// }
    /// let file = safetensors::serialize(views, None).unwrap();
    /// let read = safetensors::SafeTensors::deserialize(&file).unwrap();
    /// assert_eq!(read.tensor("dense/bias").unwrap().data(), &parts[0][..]);
    /// # Ok::<(), io_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Unsupported` for strings, which safetensors has no type for; those of
    /// [`decode`](Self::decode).
    pub fn to_safetensors(&self) -> Result<SafetensorsView> {
        let dtype = match self.spec.dtype {
            DType::Float32 => Dtype::F32,
            DType::Int32 => Dtype::I32,
            DType::Uint16 => Dtype::U16,
            DType::Bool => Dtype::BOOL,
            DType::Complex64 => Dtype::C64,
            other => {
                let name = printable_name(&self.spec.name);
                let message =
                    format!("weight `{name}` is {other}, which safetensors does not have");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        };
        let bytes = self.decode()?;
        let shape = self.spec.shape.iter().map(|&dimension| usize::try_from(dimension));
        let shape: Result<Vec<_>, _> = shape.collect();
        // The bytes are there, so only a tensor without elements can have such a dimension.
        let shape = shape.map_err(|_| Error::corrupt("a dimension is larger than memory"))?;
        Ok(SafetensorsView { dtype, shape, bytes })
    }
}

impl View for SafetensorsView {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use io_core::{DType, ErrorKind, WeightSpec};
    use safetensors::View;

    use crate::Tensor;

    #[test]
    fn bytes_are_shared_and_strings_refused() {
        let spec = WeightSpec::new("w", [3], DType::Bool);
        let stored = Bytes::from_static(&[1, 0, 1]);
        let view = Tensor { spec: &spec, stored: stored.clone() }.to_safetensors().unwrap();
        assert_eq!(view.data().as_ptr(), stored.as_ptr());
        assert_eq!((view.shape(), view.data_len()), (&[3][..], 3));

        let spec = WeightSpec::new("w", [1], DType::String);
        let tensor = Tensor { spec: &spec, stored: Bytes::from_static(&[0; 4]) };
        assert_eq!(tensor.to_safetensors().unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
