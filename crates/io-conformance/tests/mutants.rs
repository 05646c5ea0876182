//! A handler with a bug is caught, by the behaviour that the bug breaks.

mod wrapped;

use futures::executor::block_on;
use io_conformance::{Place, run, unique_name};

use wrapped::Bug;

/// The ids of the behaviours that fail for a handler with `bug`.
fn caught_by(bug: Bug) -> Vec<&'static str> {
    let report =
        block_on(run(|| Place::new(bug.registration(), format!("memory://{}", unique_name()))));
    report.failed.iter().map(|failure| failure.behaviour.id).collect()
}

macro_rules! mutants {
    ($($name:ident $bug:ident [$($id:ident),+];)+) => {$(
        #[test]
        fn $name() {
            let caught_by = caught_by(Bug::$bug);
            for id in [$(stringify!($id)),+] {
                assert!(caught_by.contains(&id), "{id} is not among {caught_by:?}");
            }
        }
    )+};
}

mutants! {
    dropping_unknown_keys DropsUnknownKeys [S3];
    losing_nulls LosesNulls [S4];
    spelling_numbers_anew Respells [S2];
    swapping_parts SwapsParts [S9];
    cutting_the_last_byte CutsLastByte [S1, S10];
    saving_nothing SavesNothing [S1];
    adding_empty_weights EmptySpecs [S6];
    swallowing_the_error_of_a_stream SwallowsStreamError [F1, F2, F3];
    removing_the_old_model_first RemovesFirst [F2, D2, C3];
    removing_the_old_model_late RemovesLate [D2];
    showing_half_a_model ShowsHalf [F1, D1, C4];
    claiming_to_stream ClaimsStream [W7];
    claiming_to_rename ClaimsRename [K2];
    refusing_in_other_words RefusesInOtherWords [K8];
    progress_that_stops_short ProgressStopsShort [P1];
    progress_that_jumps_ahead ProgressJumps [P3, P4];
    a_list_that_leaks ListLeaks [M4];
    a_removal_that_leaves_the_model RemoveLeaves [M6];
    a_removal_that_takes_what_is_below RemoveTakesBelow [M11];
    a_removal_that_tells_nothing RemoveTellsNothing [M8];
    creating_over_a_model CreateOverwrites [O6];
    creating_after_a_look CreateLooksFirst [C5];
    ignoring_settings IgnoresSettings [O1];
    weights_of_whatever_is_there_now LazyWeights [R3];
    missing_what_was_replaced MissesReplaced [R3];
    weights_that_stream_once StreamsOnce [W1];
    ignoring_where_a_range_starts IgnoresRange [W3];
    telling_the_checksum_of_other_weights TellsOtherChecksum [W5];
    a_rename_that_removes_first RenameRemovesFirst [D6];
    a_copy_that_takes_the_weights CopyTakesWeights [T1];
    telling_secrets TellsSecrets [E4];
    hiding_what_was_done HidesOperation [E2, E5];
}

#[test]
fn the_wrapper_alone_is_not_caught() {
    assert_eq!(caught_by(Bug::None), Vec::<&str>::new());
}
