//! What a conversion changed.
