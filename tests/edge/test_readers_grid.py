"""The grid builder: compression, order, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.core.model import Area, Flag, Kind, Limits
from sscbtool.edge.readers.grid import CellBudget, GridBuilder, grid_of_columns, string_array
from sscbtool.errors import InputRefused


def builder(limits: Limits | None = None) -> GridBuilder:
    return GridBuilder("Data", CellBudget(limits or Limits()))


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 1_048_576), st.integers(1, 16_384)), st.text(st.characters(codec="utf-8")), max_size=20
    )
)
@settings(max_examples=50, deadline=None)
def test_every_cell_with_text_comes_back_at_its_place(cells):
    grids = builder()
    for (row, column), text in cells.items():
        grids.add(row, column, text, Kind.TEXT)
    grid = grids.build()
    held = {place: text for place, text in cells.items() if text}
    assert grid.rows.tolist() == sorted({row for row, _ in held})
    assert grid.columns.tolist() == sorted({column for _, column in held})
    rows, columns = grid.shape
    found = {
        (int(grid.rows[i]), int(grid.columns[j])): grid.text(i, j)
        for i in range(rows)
        for j in range(columns)
        if grid.kind(i, j) is Kind.TEXT
    }
    assert found == held


def test_a_grid_without_cells_is_empty():
    grid = builder().build()
    assert (grid.shape, grid.texts, grid.kinds.shape) == ((0, 0), (), (0, 0))


def test_a_blank_cell_is_stored_only_if_its_flag_tells_something():
    grids = builder()
    grids.add(1, 1, "", Kind.TEXT)
    grids.add(2, 2, "", Kind.BLANK, Flag.FORMULA)
    grids.add(3, 3, "", Kind.BLANK, Flag.FORMULA | Flag.UNCACHED)
    grid = grids.build()
    assert (grid.rows.tolist(), grid.columns.tolist()) == ([3], [3])


def test_hidden_rows_and_columns_are_those_that_are_stored():
    grids = builder()
    grids.add(2, 3, "x", Kind.TEXT)
    grids.hidden_rows, grids.hidden_columns, grids.merges = [1, 2, 9], range(1, 99), [Area(2, 3, 2, 4)]
    grid = grids.build()
    assert (grid.hidden_rows, grid.hidden_columns, grid.merges) == ((2,), (3,), (Area(2, 3, 2, 4),))


def test_formats_are_numbered_from_general():
    grids = builder()
    grids.add(1, 1, "1", Kind.NUMBER, 0, grids.format("0%"))
    grids.add(1, 2, "1", Kind.NUMBER, 0, grids.format("General"))
    grids.add(1, 3, "1", Kind.NUMBER, 0, grids.format("0%"))
    grid = grids.build()
    assert grid.format_codes == ("General", "0%")
    assert grid.formats.tolist() == [[1, 0, 1]]


def test_a_cell_added_twice_with_two_texts_is_refused_and_alike_is_kept():
    grids = builder()
    for text in ("x", "x"):
        grids.add(7, 2, text, Kind.TEXT)
    assert grids.build().texts[0].to_pylist() == ["x"]
    grids.add(7, 2, "y", Kind.TEXT)
    with pytest.raises(InputRefused, match="cell B7 twice"):
        grids.build()


def six_rows(budget: CellBudget) -> GridBuilder:
    grids = GridBuilder("Data", budget)
    for row in range(1, 7):
        grids.add(row, 1, "x", Kind.TEXT)
    return grids


def test_the_budget_is_one_for_all_sheets_of_a_file():
    budget = CellBudget(replace(Limits(), cells=10))
    six_rows(budget).build()
    with pytest.raises(InputRefused, match="more than 10 cells"):
        six_rows(budget)


def test_more_cells_than_the_limit_are_refused_while_they_come():
    with pytest.raises(InputRefused, match="more than 3 cells"):
        six_rows(CellBudget(replace(Limits(), cells=3)))
    with pytest.raises(InputRefused, match="more than 3 cells"):
        builder(replace(Limits(), cells=3)).expect(4)


@given(st.lists(st.lists(st.sampled_from(["", "a", "é"]), min_size=3, max_size=3), max_size=6))
@settings(max_examples=50, deadline=None)
def test_whole_columns_and_single_cells_build_the_same_grid(lines):
    grids = builder()
    for i, line in enumerate(lines):
        for j, text in enumerate(line):
            if text:
                grids.add(10 + i, 1 + j, text, Kind.TEXT)
    one = grids.build()
    columns = [string_array([line[j] for line in lines]) for j in range(3)]
    numbers = np.arange(10, 10 + len(lines), dtype=np.int32), np.arange(1, 4, dtype=np.int32)
    other = grid_of_columns("Data", *numbers, columns, CellBudget(Limits()))
    for name in ("rows", "columns", "kinds", "flags", "formats"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert [text.to_pylist() for text in one.texts] == [text.to_pylist() for text in other.texts]


@given(st.lists(st.text(st.characters(codec="utf-8"))))
@settings(max_examples=50, deadline=None)
def test_a_string_array_holds_what_it_was_given(texts):
    assert string_array(texts).to_pylist() == texts
    string_array(texts).validate(full=True)
