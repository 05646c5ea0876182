//! The global heap: text of any length that attributes refer to.

/// The smallest collection that libhdf5 takes.
const MIN_SIZE: usize = 4096;
/// Objects are numbered by 16 bits.
const MAX_OBJECTS: usize = 60_000;
const HEADER: usize = 16;

/// Texts, in collections that are placed later.
#[derive(Debug, Default)]
pub(super) struct Heap {
    collections: Vec<Collection>,
}

#[derive(Debug, Default)]
struct Collection {
    objects: usize,
    bytes: Vec<u8>,
}

/// Where a text lies: in which collection, as which object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    collection: usize,
    object: usize,
}

impl Heap {
    /// Adds a text.
    pub(super) fn add(&mut self, text: &str) -> Place {
        if self.collections.last().is_none_or(|last| last.objects >= MAX_OBJECTS) {
            self.collections.push(Collection::default());
        }
        let collection = self.collections.len() - 1;
        let Some(last) = self.collections.last_mut() else {
            return Place { collection, object: 0 };
        };
        last.objects += 1;
        last.bytes.extend_from_slice(&low16(last.objects));
        // No references are counted; reserved.
        last.bytes.extend_from_slice(&[0; 6]);
        last.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        last.bytes.extend_from_slice(text.as_bytes());
        last.bytes.resize(last.bytes.len().next_multiple_of(8), 0);
        Place { collection, object: last.objects }
    }

    /// How many bytes the heap has.
    pub(super) fn size(&self) -> u64 {
        self.collections.iter().map(|collection| collection.size() as u64).sum()
    }

    /// The reference to a text of `length` bytes, when the heap lies at `start`.
    pub(super) fn reference(&self, place: Place, length: usize, start: u64) -> [u8; 16] {
        let before = self.collections.iter().take(place.collection);
        let address = start + before.map(|collection| collection.size() as u64).sum::<u64>();
        let mut reference = [0; 16];
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let object = u32::try_from(place.object).unwrap_or(u32::MAX).to_le_bytes();
        let fields = length.into_iter().chain(address.to_le_bytes()).chain(object);
        reference.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
        reference
    }

    /// Appends the bytes of the heap.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for collection in &self.collections {
            collection.write(out);
        }
    }
}

impl Collection {
    fn size(&self) -> usize {
        (HEADER + self.bytes.len()).max(MIN_SIZE)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"GCOL\x01\0\0\0");
        out.extend_from_slice(&(self.size() as u64).to_le_bytes());
        out.extend_from_slice(&self.bytes);
        let free = self.size() - HEADER - self.bytes.len();
        if free >= HEADER {
            // Object 0 is free space, its own header included.
            out.extend_from_slice(&[0; 8]);
            out.extend_from_slice(&(free as u64).to_le_bytes());
        }
        out.resize(start + self.size(), 0);
    }
}

fn low16(number: usize) -> [u8; 2] {
    // At most `MAX_OBJECTS`.
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}
