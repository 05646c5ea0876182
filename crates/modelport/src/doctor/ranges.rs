//! Whether a part of a file can be asked for, as it is to go on after a broken connection and to read
//! some weights alone.

use super::{
    finding::{Check, Finding, Teller},
    reach::Model,
};

pub(super) async fn check(model: &Model, tell: &Teller) {
    tell.tell(look(model).await);
}

async fn look(model: &Model) -> Finding {
    let Model::Files(files) = model else {
        return Finding::not_checked(Check::Ranges, "the place is not read by files");
    };
    for file in files.model().files() {
        // The first byte alone would not tell a part from a beginning.
        if files.length(&file.path).await.is_ok_and(|length| length > 2) {
            return match files.keeps_range(&file.path, 1..2).await {
                Ok(true) => Finding::ok(Check::Ranges, "a part of a file can be read alone"),
                Ok(false) => Finding::warning(
                    Check::Ranges,
                    "who asks for a part of a file gets all of it or another one",
                )
                .with_hint("a load that breaks off starts again; let the server honour `Range`"),
                Err(error) => {
                    Finding::problem(Check::Ranges, "no part of a file can be read alone")
                        .with_error(error)
                }
            };
        }
    }
    Finding::not_checked(Check::Ranges, "there is no weight file to read a part of")
}
