//! Tensors as arrays of the crate `ndarray`.

use std::borrow::Cow;

use bytemuck::Pod;
use bytes::Bytes;
use io_core::{Error, ErrorKind, Result, printable_name};
use ndarray::{Array, ArrayView, CowArray, IxDyn};

use crate::Tensor;

/// An element that an array of a tensor can have.
///
/// `f32` for `float32`, `i32` for `int32`, `u16` for `uint16`, `u8` for the bytes of `bool`.
pub trait ArrayElement: private::Element {}

impl ArrayElement for f32 {}
impl ArrayElement for i32 {}
impl ArrayElement for u16 {}
impl ArrayElement for u8 {}

mod private {
    use std::borrow::Cow;

    use io_core::{DType, Result};

    /// Nobody else can say which bytes may be seen as which elements.
    pub trait Element: Copy {
        const TYPE: DType;
        fn of_little_endian(self) -> Self;
        fn elements(bytes: &[u8]) -> Result<Cow<'_, [Self]>>;
    }

    macro_rules! elements {
        ($($element:ty: $dtype:ident, $read:expr;)*) => {$(
            impl Element for $element {
                const TYPE: DType = DType::$dtype;
                fn of_little_endian(self) -> Self {
                    $read(self)
                }
                fn elements(bytes: &[u8]) -> Result<Cow<'_, [Self]>> {
                    super::elements(bytes)
                }
            }
        )*};
    }

    elements! {
        f32: Float32, |it: f32| f32::from_bits(u32::from_le(it.to_bits()));
        i32: Int32, i32::from_le;
        u16: Uint16, u16::from_le;
        u8: Bool, |it| it;
    }
}

impl Tensor<'_> {
    /// The elements as an array of the weight's shape. It shares the bytes of the weight; they are
    /// copied only where they are quantised, where they do not lie as the elements have to
    /// (an `f32` at a multiple of 4), and on big-endian machines.
    ///
    /// ```
    /// use io_core::{DType, WeightSpec};
    ///
    /// let specs = [WeightSpec::new("dense/kernel", [2, 1], DType::Float32)];
    /// let parts = [bytes::Bytes::from([1.0_f32, 0.5].map(f32::to_le_bytes).concat())];
    /// for tensor in io_manifest::tensors(&specs, &parts) {
    ///     let tensor = tensor?;
    ///     let kernel = tensor.to_array::<f32>()?;
    ///     assert_eq!(kernel.shape(), [2, 1]);
    ///     assert_eq!(kernel.sum(), 1.5);
    /// }
    /// # Ok::<(), io_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type, or an array cannot have its shape; those of
    /// [`decode`](Self::decode).
    pub fn to_array<T: ArrayElement>(&self) -> Result<CowArray<'_, T, IxDyn>> {
        self.expect_type(&[T::TYPE])?;
        let shape = self.array_shape()?;
        let array = match (&self.spec.quantization, cfg!(target_endian = "little")) {
            (None, true) => {
                self.check_length()?;
                match T::elements(&self.stored)? {
                    Cow::Borrowed(all) => ArrayView::from_shape(shape, all).map(CowArray::from),
                    Cow::Owned(all) => Array::from_shape_vec(shape, all).map(CowArray::from),
                }
            }
            _ => {
                let decoded: Bytes = self.decode()?;
                let mut all = T::elements(&decoded)?.into_owned();
                all.iter_mut().for_each(|element| *element = element.of_little_endian());
                Array::from_shape_vec(shape, all).map(CowArray::from)
            }
        };
        array.map_err(|error| self.no_array(&error))
    }

    fn array_shape(&self) -> Result<IxDyn> {
        let dimensions = self.spec.shape.iter().map(|&dimension| usize::try_from(dimension));
        let dimensions: Result<Vec<_>, _> = dimensions.collect();
        Ok(IxDyn(&dimensions.map_err(|error| self.no_array(&error))?))
    }

    fn no_array(&self, error: &impl std::fmt::Display) -> Error {
        let name = printable_name(&self.spec.name);
        let message = format!("weight `{name}` cannot be an array: {error}");
        Error::new(ErrorKind::InvalidInput, message)
    }
}

/// The bytes as elements, copied where they do not lie as they have to.
fn elements<T: Pod>(bytes: &[u8]) -> Result<Cow<'_, [T]>> {
    if let Ok(all) = bytemuck::try_cast_slice(bytes) {
        return Ok(Cow::Borrowed(all));
    }
    let size = size_of::<T>();
    let mut all = Vec::new();
    all.try_reserve_exact(bytes.len() / size).map_err(crate::tensors::out_of_memory)?;
    all.extend(bytes.chunks_exact(size).map(bytemuck::pod_read_unaligned::<T>));
    Ok(Cow::Owned(all))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use io_core::{DType, ErrorKind, WeightSpec};

    use crate::Tensor;

    #[test]
    fn bytes_that_lie_well_are_shared_and_others_copied() {
        let spec = WeightSpec::new("w", [2, 1], DType::Float32);
        let numbers = [1.5_f32, -2.0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut shared = 0;
        // Of four places in a row one is at a multiple of 4.
        for gap in 0..4 {
            let placed = Bytes::from([vec![0; gap], bytes.clone()].concat()).slice(gap..);
            let tensor = Tensor { spec: &spec, stored: placed.clone() };
            let array = tensor.to_array::<f32>().unwrap();
            assert_eq!((array.shape(), array.as_slice()), (&[2, 1][..], Some(&numbers[..])));
            let is_shared = array.as_ptr().cast() == placed.as_ptr();
            assert_eq!(is_shared, array.is_view());
            shared += u32::from(is_shared);
        }
        assert_eq!(shared, 1);
    }

    #[test]
    fn scalars_bools_and_quantised_weights() {
        let scalar = WeightSpec::new("w", [], DType::Int32);
        let tensor = Tensor { spec: &scalar, stored: Bytes::from_static(&[1, 1, 0, 0]) };
        assert_eq!(tensor.to_array::<i32>().unwrap().first(), Some(&257));

        let bools = WeightSpec::new("w", [3], DType::Bool);
        let tensor = Tensor { spec: &bools, stored: Bytes::from_static(&[1, 0, 2]) };
        assert_eq!(tensor.to_array::<u8>().unwrap().as_slice(), Some(&[1, 0, 2][..]));

        let quantised = r#"{"name": "w", "shape": [2], "dtype": "float32",
            "quantization": {"dtype": "uint8", "min": -1.0, "scale": 0.5}}"#;
        let quantised: WeightSpec = serde_json::from_str(quantised).unwrap();
        let tensor = Tensor { spec: &quantised, stored: Bytes::from_static(&[0, 4]) };
        assert_eq!(tensor.to_array::<f32>().unwrap().as_slice(), Some(&[-1.0, 1.0][..]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let spec = WeightSpec::new("w", [2], DType::Float32);
        let short = Tensor { spec: &spec, stored: Bytes::from_static(&[0; 7]) };
        assert_eq!(short.to_array::<f32>().unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(short.to_array::<i32>().unwrap_err().kind(), ErrorKind::InvalidInput);
        // A shape of no elements that no array can have.
        let spec = WeightSpec::new("w", [u64::MAX, 0], DType::Float32);
        let empty = Tensor { spec: &spec, stored: Bytes::new() };
        assert!(empty.to_array::<f32>().is_err());
    }
}
