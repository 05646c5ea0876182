//! The macro that makes tests of the behaviours.

/// Makes one `#[test]` of each behaviour, named by its id and name, and one that compares the
/// numbers of behaviours that run and that are skipped with those given.
///
/// - `setup` is called for each test and each option set, and gives it a place of its own.
/// - `ran` and `skipped` count the behaviors of every option set; they change when the handler's capabilities do, and when this crate gains a
///   behaviour; the test that fails then says what is skipped and why.
/// - `block_on`, optional, runs a future to its end: needed where the handler wants a runtime.
///
/// On wasm32 the tests are those of `wasm-bindgen-test`, and `block_on` counts for nothing. Whether
/// they run in a page or in a worker is said beside the macro, by `wasm_bindgen_test_configure!`.
///
/// ```
/// # fn place() -> io_conformance::Place {
/// #     io_conformance::Place::new(&io_core::memory::REGISTRATION, "memory://example")
/// # }
/// io_conformance::conformance! {
///     setup: place,
///     ran: 96,
///     skipped: 9,
///     block_on: futures::executor::block_on,
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    (setup: $setup:expr, ran: $ran:expr, skipped: $skipped:expr $(,)?) => {
        $crate::conformance! {
            setup: $setup,
            ran: $ran,
            skipped: $skipped,
            block_on: $crate::__private::block_on,
        }
    };
    (
        setup: $setup:expr,
        ran: $ran:expr,
        skipped: $skipped:expr,
        block_on: $block_on:expr $(,)?
    ) => {
        $crate::__test! {
            fn runs_and_skips_as_many_behaviours_as_expected() {
                if let Err(seen) = $crate::plan(&$setup()).expect($ran, $skipped) {
                    panic!("{seen}");
                }
            }
        }

        $crate::__tests! { [$setup] [$block_on]
            s1_save_then_load_gives_back_every_field
            s2_texts_come_back_as_they_were_spelled
            s3_keys_that_nobody_knows_survive
            s4_null_is_not_absent
            s5_every_dtype_comes_back
            s6_a_model_without_weights_comes_back_without_weights
            s7_weights_without_a_topology_come_back
            s8_tensors_without_elements_come_back
            s9_several_parts_come_back_in_their_order
            s10_megabytes_come_back
            s11_a_handler_can_be_used_again
            s12_two_handlers_of_a_url_see_the_same_model
            s13_two_urls_are_two_models
            s14_a_save_tells_sizes_date_and_url
            s15_a_saved_model_needs_its_source_no_more
            s16_what_was_loaded_can_be_saved_elsewhere
            w1_weights_can_be_read_again_and_again
            w2_two_streams_at_once_do_not_disturb_each_other
            w3_a_range_gives_its_bytes_and_no_others
            w4_weights_outlive_their_handler
            w5_every_way_of_reading_gives_the_same
            w6_a_stream_given_up_half_way_does_no_harm
            w7_a_save_does_not_hold_what_it_has_passed_on
            a1_loading_what_is_not_there_is_not_found
            a2_looking_at_what_is_not_there_is_not_found
            a3_removing_what_is_not_there_is_not_found
            a4_an_empty_place_lists_nothing
            a5_copying_what_is_not_there_makes_nothing
            a6_renaming_what_is_not_there_makes_nothing
            a7_failing_to_find_changes_nothing
            r1_a_save_replaces_the_whole_model
            r2_larger_and_smaller_weights_replace_each_other
            r3_weights_loaded_before_stay_or_fail
            r4_a_stream_begun_before_stays_or_fails
            r5_weights_loaded_before_a_removal_stay_or_fail
            r6_a_model_can_be_saved_onto_itself
            r7_a_model_replaces_only_itself
            f1_a_source_that_fails_leaves_nothing_behind
            f2_a_source_that_fails_leaves_the_old_model
            f3_a_source_that_ends_early_fails_the_save
            f4_a_source_that_runs_over_fails_the_save
            f5_a_failed_save_can_be_tried_again
            f6_a_source_that_fails_late_fails_the_save
            d1_a_save_given_up_leaves_nothing_behind
            d2_a_save_given_up_leaves_the_old_model
            d3_a_load_given_up_does_no_harm
            d4_a_removal_given_up_leaves_all_or_nothing
            d5_a_copy_given_up_leaves_all_or_nothing
            d6_a_rename_given_up_loses_nothing
            c1_of_two_saves_at_once_one_wins_whole
            c2_of_two_saves_by_one_handler_one_wins_whole
            c3_readers_see_the_old_model_or_the_new
            c4_readers_see_no_first_model_before_it_is_whole
            c5_of_two_who_create_one_is_refused
            c6_saves_of_different_models_do_not_mix
            c7_loads_at_once_all_succeed
            c8_a_list_during_a_save_has_no_broken_model
            m1_a_list_has_each_model_once
            m2_a_listed_url_loads_its_model
            m3_a_list_has_models_at_any_depth
            m4_a_list_keeps_to_its_root
            m5_sizes_and_dates_are_those_of_the_save
            m6_a_removed_model_is_gone
            m7_a_removal_takes_nothing_else
            m8_a_removal_tells_what_it_was
            m9_a_removed_model_leaves_no_trace_in_the_next
            m10_what_is_removed_twice_is_not_found
            m11_a_removal_leaves_the_models_below
            t1_a_copy_is_the_same_model
            t2_a_copy_stands_alone
            t3_a_copy_replaces_the_whole_model
            t4_a_copy_onto_itself_changes_nothing
            t5_a_renamed_model_has_the_new_name_only
            t6_a_rename_replaces_the_whole_model
            t7_a_rename_to_itself_keeps_the_model
            k1_a_handler_claims_no_more_than_its_registration
            k2_what_is_claimed_is_not_refused
            k3_a_save_not_claimed_is_refused
            k4_a_load_not_claimed_is_refused
            k5_a_list_not_claimed_is_refused
            k6_a_removal_not_claimed_is_refused
            k7_a_copy_not_claimed_is_refused
            k8_a_rename_not_claimed_is_refused
            k9_a_create_not_claimed_is_refused
            o1_an_unknown_setting_is_refused
            o2_a_misspelt_setting_is_told_the_nearest
            o3_a_store_refuses_an_unknown_setting
            o4_opening_touches_nothing
            o5_a_handler_has_the_url_that_it_was_opened_with
            o6_create_refuses_where_a_model_is
            o7_create_saves_where_nothing_is
            o8_a_store_opened_to_create_does_not_copy_over
            o9_a_store_opened_to_create_does_not_rename_over
            o10_any_size_of_weight_files_gives_the_same_model
            o11_a_model_loads_with_and_without_verifying
            p1_a_save_ends_at_its_total
            p2_a_load_ends_at_its_total
            p3_progress_does_not_run_ahead_of_the_source
            p4_a_save_that_fails_does_not_reach_its_total
            p5_a_model_without_bytes_is_done_at_once
            e1_a_load_that_fails_says_what_and_where
            e2_a_save_that_fails_says_what_and_where
            e3_a_store_that_fails_says_what_and_where
            e4_no_error_tells_a_secret
            e5_an_error_leaves_the_cause_to_the_chain
        }
    };
}

/// One test for each label. A macro cannot read the tables, so the labels are listed above once
/// more; a test of this crate compares.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$setup:expr] [$block_on:expr] $($label:ident)*) => {$(
        #[cfg(not(target_family = "wasm"))]
        $crate::__test! {
            fn $label() {
                let places = $crate::places($setup);
                if let Err(broken) = $block_on($crate::check(stringify!($label), places)) {
                    panic!("{broken}");
                }
            }
        }

        #[cfg(target_family = "wasm")]
        $crate::__test! {
            async fn $label() {
                let places = $crate::places($setup);
                if let Err(broken) = $crate::check(stringify!($label), places).await {
                    panic!("{broken}");
                }
            }
        }
    )*};
}

/// A function that the target's test runner runs.
#[doc(hidden)]
#[macro_export]
#[cfg(not(target_family = "wasm"))]
macro_rules! __test {
    ($function:item) => {
        #[test]
        $function
    };
}

/// A function that the target's test runner runs.
#[doc(hidden)]
#[macro_export]
#[cfg(target_family = "wasm")]
macro_rules! __test {
    ($function:item) => {
        #[$crate::__private::wasm_bindgen_test(crate = $crate::__private::test_runner)]
        $function
    };
}

#[cfg(test)]
mod tests {
    use crate::behaviours;

    #[test]
    fn the_macro_lists_every_behaviour_in_order() {
        let body = include_str!("suite.rs");
        let (_, list) = body.split_once("$crate::__tests! { [$setup] [$block_on]\n").unwrap();
        let (list, _) = list.split_once('}').unwrap();
        let listed: Vec<_> = list.split_whitespace().collect();
        let known: Vec<_> = behaviours().map(crate::Behaviour::label).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn ids_are_unique_and_every_promise_is_a_sentence() {
        let mut ids: Vec<_> = behaviours().map(|behaviour| behaviour.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), behaviours().count());
        for behaviour in behaviours() {
            assert!(behaviour.promise.ends_with('.'), "{behaviour:?}");
        }
    }
}
