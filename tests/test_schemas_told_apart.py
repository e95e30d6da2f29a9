"""No two schemas answer equally to one table: whatever a sender calls the columns, one return is meant."""

import random
from collections import Counter

import numpy as np
import pytest

from sscbtool.core.model import Area, ColumnHead, Table
from sscbtool.core.recognise import recognise
from sscbtool.core.values import fold
from sscbtool.edge.catalogue import built_in, load_catalogue

CATALOGUE = load_catalogue(built_in("schemas"))
SCHEMAS = tuple(CATALOGUE.returns.values())
TRIALS = 20


def table(headings):
    heads = tuple(ColumnHead(number, (name,)) for number, name in enumerate(headings, start=1))
    area = Area(1, 1, 3, len(heads))
    return Table(None, area, (1,), heads, np.array([2, 3], dtype=np.int32))


def names_of(column):
    return [column.name.replace("_", " "), *column.aliases]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_a_table_with_the_titles_of_a_template_is_that_return(schema):
    for columns in (schema.columns, [column for column in schema.columns if column.required]):
        found = recognise(table([column.title for column in columns]), SCHEMAS)
        assert found.match is not None, (found.tied, found.nearest)
        assert found.match.return_name == schema.name
        assert not found.match.unnamed


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_whatever_names_a_sender_uses_no_other_return_is_taken_for_it(schema):
    """A table may be too poor to tell (the answer is then none); it is never told as another return."""
    draw = random.Random(schema.name)
    wrong = Counter()
    for _ in range(TRIALS):
        columns = [column for column in schema.columns if column.required or draw.random() < 0.6]
        headings = {fold(name): name for column in columns for name in [draw.choice(names_of(column))]}
        if len(headings) < len(columns):
            continue
        found = recognise(table(list(headings.values())), SCHEMAS)
        if found.match is None and not found.tied and found.nearest and found.nearest.ambiguous:
            continue
        told = found.match.return_name if found.match else f"tie of {found.tied}" if found.tied else "nothing"
        if told != schema.name:
            wrong[told, tuple(headings.values())] += 1
    assert not wrong


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_no_heading_is_a_sure_name_of_two_columns(schema):
    claimed = Counter(fold(name) for column in schema.columns for name in {fold(each) for each in names_of(column)})
    assert [name for name, times in claimed.items() if times > 1] == []
