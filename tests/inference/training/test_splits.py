"""No patient and no copy on both sides, whatever the data; the seed decides, and nothing else."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from inference.training.splits import SplitPlan, deal, groups_of, leave_one_source_out, side_of
from tests.inference import tiny

PATIENTS = st.sampled_from(["", "p1", "p2", "p3", "p4", "p5"])
PICTURES = st.integers(0, 12).map("picture{}".format)
FILMS = st.lists(st.tuples(PATIENTS, PICTURES), min_size=1, max_size=40)
SEEDS = st.integers(0, 2**32)
GROUPS = [f"patient{number}" for number in range(3000)]


def keys_of(films):
    return [
        [*([("patient", patient)] if patient else []), ("file", picture)]
        for patient, picture in films
    ]  # fmt: skip


def dealt(films, plan, hints=None):
    groups = groups_of(keys_of(films))
    sides, moved = deal(groups, hints or [""] * len(films), plan)
    return [sides[group] for group in groups], moved


def sides_per(films, sides, position):
    found = defaultdict(set)
    for film, side in zip(films, sides, strict=True):
        if film[position]:
            found[film[position]].add(side)
    return found


@settings(deadline=None, derandomize=True)
@given(FILMS, SEEDS)
def test_no_patient_and_no_copy_has_two_sides(films, seed):
    sides, _ = dealt(films, SplitPlan(seed=seed))
    assert all(len(found) == 1 for found in sides_per(films, sides, 0).values())
    assert all(len(found) == 1 for found in sides_per(films, sides, 1).values())


@settings(deadline=None, derandomize=True)
@given(FILMS, SEEDS, st.data())
def test_nor_where_a_source_has_sides_of_its_own(films, seed, data):
    hints = data.draw(
        st.lists(st.sampled_from(["", "train", "validation", "test"]), min_size=len(films), max_size=len(films))
    )
    sides, moved = dealt(films, SplitPlan(seed=seed), hints)
    assert all(
        len(found) == 1 for found in [*sides_per(films, sides, 0).values(), *sides_per(films, sides, 1).values()]
    )
    groups = groups_of(keys_of(films))
    for group, side in zip(groups, sides, strict=True):
        given_sides = {hint for own, hint in zip(groups, hints, strict=True) if own == group} - {""}
        assert (group in moved) == (len(given_sides) > 1)
        if len(given_sides) > 1:
            assert side == "train"
        if given_sides in ({"test"}, {"validation"}):
            assert {side} == given_sides


@settings(deadline=None, derandomize=True)
@given(FILMS, SEEDS)
def test_the_order_of_the_films_decides_nothing(films, seed):
    plan = SplitPlan(seed=seed)
    forward, _ = dealt(films, plan)
    backward, _ = dealt(films[::-1], plan)
    assert forward == backward[::-1]


@settings(deadline=None, derandomize=True)
@given(FILMS)
def test_films_without_a_link_are_in_groups_of_their_own(films):
    parts = groups_of(keys_of(films))
    linked = {(a, b) for a in range(len(films)) for b in range(len(films)) if parts[a] == parts[b] and a < b}
    for a, b in linked:
        group = [film for film, part in zip(films, parts, strict=True) if part == parts[a]]
        assert _reached(films[a], group) >= {films[b]}


def _reached(start, group):
    reached, size = {start}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {f for f in group for r in reached if f[1] == r[1] or (f[0] and f[0] == r[0])}
    return reached


def test_a_copy_links_two_patients():
    films = [("p2", "a"), ("p1", "a"), ("p1", "b"), ("", "b"), ("", "c")]
    assert groups_of(keys_of(films)) == ["p1", "p1", "p1", "p1", "c"]


def test_the_same_seed_deals_alike_and_another_one_otherwise():
    def sides(seed):
        return [side_of(group, SplitPlan(seed=seed)) for group in GROUPS]

    assert sides(1) == sides(1)
    assert sides(1) != sides(2)


def test_the_shares_are_those_of_the_plan():
    plan = SplitPlan(seed=3, validation=0.1, test=0.25)
    sides = [side_of(group, plan) for group in GROUPS]
    # Four standard deviations of 3,000 draws.
    assert abs(sides.count("test") / len(GROUPS) - 0.25) < 0.032
    assert abs(sides.count("validation") / len(GROUPS) - 0.1) < 0.022


def test_a_share_of_nothing_is_nothing():
    assert {side_of(group, SplitPlan(validation=0, test=0)) for group in GROUPS} == {"train"}


def test_a_split_recorded_by_its_seed_can_be_made_again_in_years():
    # The sides of today: a change of the hash would silently make another split of every recorded seed.
    sides = [side_of(group, SplitPlan(seed=1)) for group in GROUPS[:40]]
    assert [number for number, side in enumerate(sides) if side == "validation"] == [11, 20]
    assert [number for number, side in enumerate(sides) if side == "test"] == [4, 18]


def test_where_kept_sides_have_no_validation_some_training_groups_validate():
    hints = ["train"] * 2000 + ["test"] * 1000
    sides, moved = deal(GROUPS, hints, SplitPlan(validation=0.2))
    assert moved == []
    assert {sides[group] for group in GROUPS[2000:]} == {"test"}
    validating = sum(sides[group] == "validation" for group in GROUPS[:2000])
    assert abs(validating / 2000 - 0.2) < 0.04


def test_each_source_is_left_out_once():
    films = [tiny.film("normal", index, source="abc"[index % 3], group=f"g{index}") for index in range(9)]
    folds = leave_one_source_out(films)
    assert [fold.source for fold in folds] == ["a", "b", "c"]
    for fold in folds:
        assert {film.source for film in fold.outside} == {fold.source}
        assert fold.source not in {film.source for film in fold.inside}
        assert len(fold.inside) == 6
        assert len(fold.outside) == 3
        assert fold.severed == ()


def test_a_film_whose_patient_is_also_at_the_source_left_out_is_on_neither_side():
    films = [
        tiny.film("normal", 0, source="a", group="shared"),
        tiny.film("normal", 1, source="b", group="shared"),
        tiny.film("normal", 2, source="b", group="own"),
    ]
    a, b = leave_one_source_out(films)
    assert (a.inside, a.outside, a.severed) == ((films[2],), (films[0],), (films[1],))
    assert (b.inside, b.outside, b.severed) == ((), tuple(films[1:]), (films[0],))


def test_a_label_that_only_the_source_has_is_named():
    films = [
        tiny.film("covid19", 0, source="a"),
        tiny.film("normal", 1, source="a"),
        tiny.film("normal", 2, source="b"),
    ]
    a, b = leave_one_source_out(films)
    assert a.labels_lost == ("covid19",)
    assert b.labels_lost == ()


def test_one_source_alone_cannot_be_left_out():
    assert leave_one_source_out([tiny.film("normal", 0, source="a"), tiny.film("normal", 1, source="a")]) == []
