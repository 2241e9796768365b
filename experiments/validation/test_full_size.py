"""The claims of the test suite at full size: all settings, and as many paths as it takes.

Run ``python -m pytest experiments/validation``; it takes seven minutes on two cores.

A test of the suite that needs many paths or many settings is made there with a few of them, enough
to reject its counter-example. Here the same functions are called with all: what is asserted is
written once. Add to `CLAIMS` what a new test leaves out.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import device_settings
import pytest
import test_attraction as attraction
import test_continuous_exit as continuous
import test_device as device
import test_engine as engine
import test_escape_times as chain
import test_exact as exact
import test_exit_statistics as exits
import test_grid as grid
import test_idle as idle
import test_jump as jump
import test_jump_hard_cases as hard
import test_jump_optimizers as jumps_of_optimizers
import test_minibatch as minibatch
import test_noise as lines
import test_noise_drawn as drawn
import test_noise_fitted as fitted
import test_noise_laws as laws
import test_noise_tempered as tempered
import test_noise_truncated as truncated
import test_optimizer_exits as optimizer_exits
import test_path as path
import test_plus_brownian as brownian
import test_processors as processors
import test_refinement as refinement
import test_scaled_jumps as scaled_jumps
import test_scaled_noise as scaled
import test_schedules as schedules
import test_scheme as scheme
import test_stability as stability
import test_stationary_laws as stationary
import test_theory_arguments as calls
import test_theory_escape_measure as measures
import test_theory_exit_law as exit_laws
import test_theory_laws as shapes
import test_theory_optimizers as optimizers
import test_theory_predicates as predicates
import test_units as units
import test_varying_rates as varying
import test_visits as visits
import test_walls as walls
import test_weight_decay as decay


def every(*values: Any) -> list[tuple[Any, ...]]:
    """All combinations."""
    return list(product(*values))


BASINS = ("sharp", "flat", "asymmetric")

CLAIMS: dict[Callable[..., None], list[tuple[Any, ...]]] = {
    # Kernels for graphics processors, simulated.
    device.test_kernels_give_the_numbers_of_the_processor: [(1, device_settings.GROUPS)],
    # Models in all units of length and time.
    units.test_euler_is_the_same_bit_for_bit: every(units.EULER, units.POWERS_OF_TWO),
    units.test_boundary_shift: every(units.SHIFTED, units.SYSTEMS),
    units.test_automatic_step: every(units.AUTOMATIC, units.SYSTEMS),
    units.test_choice_of_the_method: every(units.CHOOSING, units.SYSTEMS),
    units.test_jump_method: [
        *every(units.JUMPING, units.SYSTEMS),
        *every(units.FOLLOWED, units.SYSTEMS[2::4]),
    ],
    units.test_skipped_iterations: [
        *every(units.SKIPPING, units.SYSTEMS),
        *every(units.SKIPPING_LIVE, units.POWERS_OF_TWO),
    ],
    units.test_predictions: [
        *every(units.PREDICTED, units.SYSTEMS),
        *every(units.FOLLOWED, units.SYSTEMS[2::4]),
    ],
    units.test_laws_of_exits: every(units.LEFT, units.SYSTEMS),
    # Euler's scheme.
    chain.test_mean_of_the_euler_chain: every(chain.EULER_CHAIN, [200_000]),
    chain.test_named_basins_against_the_exact_chain: every(BASINS, (0.8, 1.2, 1.8)),
    chain.test_splitting_probability_of_the_interval: every((0.8, 1.5), [1e-4]),
    exits.test_exit_position_follows_the_escape_measure: every(
        exits.LAWS, (exits.SQUARE, exits.DISC), [20_000]
    ),
    exits.test_mean_exit_time_of_every_law: every(exits.LAWS, (exits.SQUARE, exits.DISC), [20_000]),
    exits.test_two_wells_are_occupied_in_the_ratio_of_the_theory: [(1_500_000,)],
    scheme.test_exits_over_a_saddle_with_far_returns: [(20_000,)],
    scheme.test_steps_that_do_not_overshoot_are_explicit_bit_for_bit: scheme.ROUND,
    processors.test_other_processors_give_the_same_bits: every(processors.OLDER, [1]),
    stationary.test_sgd_on_linear_regression_has_kestens_index: [
        (*setting, 400) for setting in stationary.KESTEN
    ],
    # The bias of the grid.
    grid.test_predicates_are_those_of_the_definition: every(
        grid.LAWS, (1.2, 1.7, 2.0), grid.DOMAINS
    ),
    grid.test_bias_of_the_exact_chain: grid.BIASES,
    grid.test_driftless_exit_with_the_shift: every(grid.LAWS, grid.DOMAINS, grid.GRIDS, [60_000]),
    grid.test_driftless_exit_below_one_by_refinement: every(grid.LAWS, grid.DOMAINS, [40_000]),
    grid.test_many_dimensions: [(20_000,)],
    grid.test_starts_off_the_center: [(60_000,)],
    grid.test_the_comparison_rejects_what_is_not_corrected_or_of_another_law: [(60_000,)],
    grid.test_exit_positions_have_the_law_of_blumenthal_getoor_and_ray: [(200_000,)],
    grid.test_exit_directions_are_uniform: [(200_000,)],
    grid.test_splitting_probabilities: [(0.8, 0.64366706, 100_000), (1.5, 0.71347630, 100_000)],
    refinement.test_without_noise_both_terms_are_found: [
        (*setting, correction)
        for setting in refinement.SETTINGS
        for correction in (refinement.SHIFT, None)
    ],
    refinement.test_the_interval_holds_what_is_left: [
        (*setting, dt, error)
        for setting in refinement.SETTINGS
        for dt in refinement.STEPS
        for error in refinement.ERRORS
    ],
    refinement.test_the_interval_holds_what_is_left_without_the_shift: [
        (*setting, error) for setting in refinement.SETTINGS for error in refinement.ERRORS
    ],
    refinement.test_coverage: [(20_000,)],
    refinement.test_wells: [
        (1.8, 0.2, 0.1, 20_000),
        (1.8, 0.3, 0.05, 20_000),
        (1.5, 0.5, 0.05, 100_000),
    ],
    refinement.test_without_the_shift: [(100_000,)],
    # Laws of the noise.
    laws.test_characteristic_function_along_oblique_directions: every(laws.LAWS, laws.ALPHAS),
    laws.test_isotropic_law_in_many_dimensions: every((3, 10, 40, 100), (0.4, 1.5)),
    laws.test_positive_law_has_its_laplace_transform: every((0.6, 1.0, 1.5, 1.9), [4000]),
    laws.test_compiled_increments_are_the_plain_functions: every(laws.LAYOUTS, (0.3, 1.5, 1.99)),
    laws.test_radius_table_has_the_laplace_transform: every((0.5, 0.8, 1.2, 1.5, 1.8, 1.98)),
    path.test_passes_are_the_increment_of_one_path: every(path.laws(2), path.DIMENSIONS),
    minibatch.test_mean_and_covariance_are_those_of_a_finite_population: every((True, False)),
    minibatch.test_escapes_are_geometric_where_a_step_forgets: every((True, False)),
    minibatch.test_blocks_do_what_one_path_does_in_plain_python: minibatch.PLAIN,
    minibatch.test_all_examples_without_replacement_are_the_plain_gradient: every(
        minibatch.OPTIMIZERS, (2, 40)
    ),
    # Paths between wells.
    visits.test_wells_of_the_plane_are_left_at_the_rate_of_a_half_plane: every(("euler", "jump")),
    visits.test_rates_tend_to_those_of_the_theory: [(200,)],
    visits.test_gaussian_occupation_is_that_of_the_density: [(200,)],
    lines.test_table_inverts_the_distribution_function: every(lines.TABLE_ALPHAS, [1000]),
    lines.test_every_coordinate_has_a_number_of_its_own: every((0.3, 1.3), lines.DIMENSIONS),
    tempered.test_the_table_of_the_stable_law: every((0.5, 0.8, 1.2, 1.5, 1.9)),
    tempered.test_two_steps_are_one_of_twice_the_time: [(0.8, 0.5), (1.5, 0.3)],
    tempered.test_distribution_of_the_increments: tempered.SETTINGS,
    tempered.test_cubics_between_the_ends_of_cells: tempered.SETTINGS,
    drawn.test_distribution_of_built_in_steps: every(drawn.STEPS, drawn.INDICES),
    drawn.test_characteristic_function_of_the_steps: every(drawn.STEPS, (0.8, 1.5, 4.0)),
    drawn.test_tail_of_the_steps: every(drawn.STEPS, (0.3, 0.8, 1.0, 1.5, 1.95)),
    truncated.test_the_quantiles_are_those_of_the_stable_law_inside: truncated.LAWS,
    drawn.test_sums_of_many_steps: every(drawn.STEPS, [4000]),
    # Compiled code, of every dimension, against plain functions.
    path.test_the_block_engine_repeats_the_iteration_of_one_path: every(
        path.OPTIMIZERS, (1, 3, 33)
    ),
    path.test_the_block_engine_repeats_the_divided_iteration_of_one_path: every(
        ("sgd", "averaged, between walls", "between walls")
    ),
    schedules.test_a_step_of_a_path_is_the_factor_times_a_whole_step: every(schedules.NAMED),
    schedules.test_a_clip_is_that_of_whole_steps: [(2,), (40,)],
    schedules.test_a_constant_schedule_changes_no_bit: every(schedules.OPTIMIZERS),
    walls.test_walls_at_infinity_change_no_bit: every(walls.EVERY, walls.RULES),
    walls.test_a_walled_run_is_made_again_from_its_record: walls.RECORDED,
    walls.test_a_path_is_that_of_numpy: every(walls.RULES, (2, 40)),
    engine.test_engine_is_the_plain_functions_bit_for_bit: every(engine.DIMENSIONS),
    engine.test_moments_and_time_belong_to_their_path: every(engine.DIMENSIONS),
    engine.test_same_result_for_any_threads_and_blocks: every(engine.DIMENSIONS),
    engine.test_thinned_trajectories_are_every_so_manyth_state: [(2,), (40,)],
    # Noise that is scaled, or has a Brownian part.
    brownian.test_the_mean_is_the_exact_one: every((1.2, 1.5, 1.8), ("euler", "jump"), [4000]),
    scaled.test_a_factor_of_1_changes_no_bit: every(scaled.OPTIMIZERS, scaled.DIMENSIONS),
    scaled_jumps.test_a_factor_of_one_changes_nothing: every(
        scaled_jumps.LAWS, scaled_jumps.OPTIMIZERS
    ),
    brownian.test_without_a_deviation_no_bit_changes: every(brownian.LAWS, brownian.DIMENSIONS),
    scaled.test_constant_factors_are_scales: every((2, 40)),
    scaled.test_a_matrix_mixes_coordinates: every(scaled.MIXED, [20_000]),
    scaled.test_state_and_time_are_those_before_the_step: every(("scale", "matrix"), (2, 40)),
    scaled.test_the_mean_is_that_of_the_exact_chain: every((1.2, 1.5, 1.8), [40_000]),
    scaled.test_escapes_are_exponential_in_operational_time: every(("noise", "steps"), [4000]),
    # Laws fitted to samples, and the verdict on these.
    fitted.test_intervals_of_alpha_hold_it_as_often_as_they_say: every((1.2, 1.7, 1.95), [200]),
    fitted.test_intervals_know_of_the_dependence_of_coordinates: [(100,)],
    # The verdict on samples.
    stability.test_one_coordinate_that_is_not_stable_is_not_called_stable: every(
        stability.NOT_STABLE, [400]
    ),
    stability.test_few_draws_of_several_coordinates_are_enough: every(stability.NOT_STABLE, [5]),
    stability.test_the_likelihood_of_many_draws_is_exact_between_the_rows_of_the_table: every(
        (1.275, 1.777, 1.84)
    ),
    stability.test_few_stable_draws_of_many_coordinates_are_not_called_a_mixture: every(
        (False, True), [10]
    ),
    stability.test_a_common_size_of_all_coordinates_does_not_mislead: [(40,)],
    stability.test_the_line_of_skewed_stable_draws_is_straight: every((1.2, 1.5, 1.8), [400]),
    stability.test_several_coordinates_of_mixtures_are_not_called_stable: [
        (*setting, 40) for setting in stability.MIXTURES
    ],
    stability.test_large_draws_of_all_coordinates_at_once_are_one_piece_of_evidence: [(40,)],
    stability.test_one_stable_coordinate_is_called_stable: every((1.2, 1.5, 1.8), [400]),
    stability.test_mixtures_are_refused_once_in_20_times_where_they_are_true: every(
        ("1 % ten times", "1 % five times", "5 % three times"), (500, 2000, 8000), [400]
    ),
    stability.test_mixtures_are_refused_where_draws_are_stable: [(400,)],
    # The jump-adapted method, and iterations that are skipped.
    jump.test_unit_well: [(0.3, 100_000), (0.1, 80_000), (0.05, 80_000)],
    jump.test_kinked_well: [(0.1, 4000), (0.01, 60_000)],
    jump.test_agrees_with_euler: every(jump.EULER_LAWS, [2000]),
    jump.test_double_well: [(3000,)],
    jump.test_refine_measures_the_bias_of_the_threshold: [(100_000,)],
    jump.test_unit_disc_isotropic: [(0.1, 41.3627, 60_000), (0.2, 12.877767, 60_000)],
    jump.test_agrees_with_euler_in_a_well_of_the_user: [(6000,)],
    jump.test_flow_that_leaves_the_domain: [(10_000,)],
    jumps_of_optimizers.test_optimizers_agree_with_euler: every(
        jumps_of_optimizers.OPTIMIZERS, [3000]
    ),
    jumps_of_optimizers.test_slow_momentum_agrees_with_euler: [(4000,)],
    jumps_of_optimizers.test_what_is_forgotten_of_a_relaxation: [
        ((-1.0, 1.0), 0.05, 40_000),
        ((-0.2, 1.8), 0.01, 40_000),
        ((-0.2, 1.8), 0.005, 40_000),
    ],
    jumps_of_optimizers.test_swings_out_of_a_narrow_well: [(1e-6,), (1.0,), (1e6,)],
    hard.test_unit_well: [
        (1.02, 0.02, 20_000),
        (1.1, 0.1, 20_000),
        (0.98, 0.03, 40_000),
        (0.98, 0.035, 40_000),
        (1.5, 0.3, 5000),
        (1.02, 0.05, 10_000),
    ],
    hard.test_motion_that_is_integrated: [(0.1, 6000), (0.3, 6000)],
    hard.test_momentum_under_skewed_noise_agrees_with_euler: [
        (0.1, 6000, 10_000),
        (0.3, 4000, 20_000),
    ],
    hard.test_two_curvatures: [(*setting, 8000) for setting in hard.CURVATURES],
    hard.test_two_wells_at_large_noise: [(4000,)],
    hard.test_rest_in_another_well_is_one_move: [(0.003, 0.001, 4000), (1e-5, 0.0, 4000)],
    hard.test_start_near_the_boundary: [(1.5, 0.5, 0.98, 20_000), (1.2, 0.3, 0.99, 20_000)],
    idle.test_exact_mean_of_the_chain: [
        (0.1, 0.02, 60_000),
        (0.05, 0.05, 60_000),
        (0.02, 0.1, 60_000),
        (0.01, 0.2, 60_000),
        (0.02, 0.5, 800_000),
    ],
    idle.test_small_noise_limit_of_optimizers: every(idle.OPTIMIZERS, [12_000]),
    idle.test_a_slow_coordinate_among_fast_ones: [(1,), (-1,)],
    idle.test_coupled_second_moments_agree_with_euler: every(idle.COUPLED, [3000]),
    idle.test_two_clipped_jumps: [(3000,)],
    optimizer_exits.test_two_clipped_jumps_leave_with_their_own_law: [(2000,)],
    optimizer_exits.test_iterations_to_exit_with_a_coupled_second_moment: [
        (*setting, 1000) for setting in optimizer_exits.COUPLED
    ],
    # Theory without simulation.
    decay.test_the_theory_is_that_of_the_moved_minimum: every(("momentum", "momentum of an sde")),
    attraction.test_wells_of_all_sizes_on_the_line: attraction.UNITS,
    attraction.test_wells_of_all_sizes_in_the_plane: attraction.UNITS,
    attraction.test_curved_wells_of_all_sizes: attraction.UNITS,
    exact.test_euler_chain_table: exact.EULER_TABLE,
    exact.test_density_against_another_integral: every(
        (0.6, 1.2, 1.5, 1.95), (0.4, 3.0, 12.0, 29.0)
    ),
    continuous.test_means_in_a_parabola: continuous.TABLE,
    continuous.test_constant_drift_at_index_one: every(continuous.DRIFTS),
    continuous.test_without_drift: every(continuous.INDICES),
    continuous.test_jumps_and_brownian_part_together: every((0.5, 1.0, 1.5), (0.1, 1.0)),
    continuous.test_a_kink_away_from_the_start: [(0.3,), (0.9,), (1.5,)],
    continuous.test_small_index_against_the_chain: [
        (*setting, slope) for setting in continuous.SMALL_INDEX for slope in (1.0, -1.0)
    ],
    optimizers.test_measure_on_the_line_against_the_recurrence: every(
        optimizers.LINE, optimizers.WELLS
    ),
    optimizers.test_frozen_vector_stretches_every_domain: every(
        optimizers.STRETCHED, (optimizers.AXES, optimizers.isotropic())
    ),
    shapes.test_known_shapes_against_quasi_monte_carlo: every((3, 6), shapes.SHAPES),
    varying.test_a_jump_near_the_end_of_a_piece_is_not_missed: [(57,)],
    varying.test_steps_times_s_are_those_of_another_chain: every(varying.SAME, [0.1, 3.0]),
    varying.test_cooling_traps_with_the_probability_of_the_formula: [
        (make, *setting)
        for make in (varying.own_power, varying.schedules.inverse_power)
        for setting in varying.COOLED
    ],
    measures.test_correlated_box_against_the_one_factor_law: [
        (3, 0.5, 1.8, 1e-4),
        (10, 0.5, 1.5, 1e-4),
        (10, 0.9, 1.8, 1e-4),
        (40, 0.3, 1.5, 4e-4),
    ],
    measures.test_turned_cube_known_by_its_predicate_alone: [(3,), (8,)],
    measures.test_correlated_box_of_rank_three_against_a_grid: every((3, 6)),
    shapes.test_measure_against_counting: every(
        (shapes.mixed, shapes.elliptic), (0.8, 1.5), ("box", "ellipsoid", "ring")
    ),
    exit_laws.test_samples_leave_with_the_power_law: every(exit_laws.DOMAINS, exit_laws.NOISES),
    exit_laws.test_searched_domain_against_the_known_one: every((2, 3)),
    calls.test_random_calls_are_answered_or_refused: [(1200,)],
    predicates.test_rays_searched_together_are_rays_searched_alone: every((2, 3)),
    predicates.test_stated_error_contains_the_truth: [(200,)],
}


def warnings_ignored_by(claim: Any) -> list[pytest.Mark]:
    return [mark for mark in getattr(claim, "pytestmark", []) if mark.name == "filterwarnings"]


@pytest.mark.parametrize(
    ("claim", "setting"),
    [
        pytest.param(
            claim, setting,
            id=f"{claim.__module__}-{claim.__name__}-{k}", marks=warnings_ignored_by(claim),
        )
        for claim, settings in CLAIMS.items()
        for k, setting in enumerate(settings)
    ],
)  # fmt: skip
def test_claim(claim: Callable[..., None], setting: tuple[Any, ...]) -> None:
    claim(*setting)
