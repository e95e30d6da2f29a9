import datetime as dt
import hashlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.core.model import (
    Area,
    Finding,
    Outcome,
    Place,
    RecognisedBy,
    SetAside,
    Severity,
    Submission,
)
from sscbtool.edge.store import EMPTY_HEAD, LandedFile, LogEntry, Step, Store, migrations, submission_id
from sscbtool.errors import BadConfiguration, BadUsage, CannotWrite, StoreBusy

NOON = dt.datetime(2019, 4, 1, 12, tzinfo=dt.UTC)
ENTRY = LogEntry("ingest", NOON, "0.1.0", inputs={"a.xlsx": "ab"}, counts={"rows": 2})
MONEY = pd.ArrowDtype(pa.decimal128(18, 2))
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def frame_of(amounts, names=None, dates=None, counts=None) -> pd.DataFrame:
    blank = [None] * len(amounts)
    return pd.DataFrame(
        {
            "amount": pd.Series(pd.array(amounts, dtype=MONEY)),
            "organisation": pd.Series(names or blank, dtype=TEXT),
            "received_on": pd.Series(dates or blank, dtype="datetime64[ns]"),
            "places": pd.Series(counts or blank, dtype="Int64"),
        }
    )


def submission(sha256="a" * 64, *, path="a.xlsx", sheet="Sheet1", top=4, period="2018-19", **changes) -> Submission:
    frame = changes.pop("frame", None)
    if frame is None:
        frame = frame_of([Decimal("0.10"), None], ["Avon", None], ["2018-05-01", None], [2**60 + 1, None])
    count = len(frame)
    rows = np.arange(top + 1, top + 1 + count, dtype=np.int32)
    made = Submission(
        path=path,
        sha256=sha256,
        sheet=sheet,
        area=Area(top, 1, top + count, 2),
        return_name="contributions",
        partner="LFB",
        period=period,
        frame=frame,
        rows=rows,
        cells={"amount": np.full(count, 2, dtype=np.int32), "received_on": np.zeros(count, dtype=np.int32)},
        periods=("2018-19",) * count,
        quarters=(None,) * count,
        set_aside=(SetAside("another year", (9, 12)),),
        recognised={"return": RecognisedBy.COLUMNS},
        final=True,
    )
    return replace(made, **changes)


def file_of(*submissions: Submission, findings=()) -> LandedFile:
    return LandedFile(submissions[0].path, submissions[0].sha256, submissions, tuple(findings))


def finding_at(row: int | None, sheet: str | None = "Sheet1") -> Finding:
    return Finding("SSCB-1", Severity.QUERY, "says", "mend it", Place("a.xlsx", sheet, row, 2), "amount")


def land(store: Store, *submissions: Submission, supersedes=()) -> bool:
    with store.writing() as writer:
        return writer.land(file_of(*submissions), ENTRY, supersedes=supersedes)


def assert_same(expected: Submission, actual: Submission) -> None:
    arrays = {"frame", "rows", "cells"}
    for name in {field.name for field in fields(Submission)} - arrays:
        assert getattr(actual, name) == getattr(expected, name), name
    pd.testing.assert_frame_equal(actual.frame, expected.frame, check_exact=True)
    assert list(actual.frame.dtypes) == list(expected.frame.dtypes)
    assert actual.rows.dtype == np.int32
    np.testing.assert_array_equal(actual.rows, expected.rows)
    assert list(actual.cells) == list(expected.cells)
    for name, numbers in expected.cells.items():
        assert actual.cells[name].dtype == np.int32
        np.testing.assert_array_equal(actual.cells[name], numbers)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as opened:
        yield opened


# ---------------------------------------------------------------- what goes in comes out

CENTS = st.integers(-(10**17), 10**17).map(lambda pence: Decimal(pence).scaleb(-2))
DATES = st.integers(-2_208_988_800, 7_258_118_399).map(lambda seconds: pd.Timestamp(seconds, unit="s"))
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
ROWS = st.lists(
    st.tuples(
        *(st.none() | values for values in (CENTS, WORDS, DATES, st.integers(-(2**63), 2**63 - 1))),
        st.none() | st.sampled_from(["2018-19", "2017-18"]),
        st.none() | st.just("2018-19 Q1"),
    ),
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(ROWS, st.none() | WORDS)
def test_a_submission_comes_back_as_it_was_landed(tmp_path_factory, rows, sheet):
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    landed = submission(
        sheet=sheet,
        frame=frame_of(*columns[:4]),
        periods=tuple(columns[4]),
        quarters=tuple(columns[5]),
        unpivoted=bool(rows),
    )
    with Store.open(tmp_path_factory.mktemp("store")) as store:
        assert land(store, landed)
        (stored,) = store.submissions()
        assert_same(landed, store.load(stored))
        assert stored.rows == len(rows)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int64", [1, -(2**63)]),
        ("float64", [0.1, None]),
        ("boolean", [True, None]),
        ("bool", [True, False]),
        ("datetime64[s]", ["2018-04-01", None]),
        ("string", ["NA", None]),
        (pd.ArrowDtype(pa.decimal128(18, 6)), [Decimal("12.345678"), None]),
    ],
)
def test_other_dtypes_that_a_schema_may_name_come_back_too(store, dtype, values):
    landed = submission(frame=pd.DataFrame({"value": pd.Series(pd.array(values, dtype=dtype))}), cells={})
    land(store, landed)
    assert_same(landed, store.load(store.submissions()[0]))


def test_a_file_name_need_not_be_valid_unicode(store):
    name = os.fsdecode(b"returns/caf\xe9.csv")
    land(store, submission(path=name))
    assert store.submissions()[0].path == name
    assert store.runs()[0].landed["path"] == name


# ---------------------------------------------------------------- what is there


def test_the_same_bytes_twice_store_nothing_new(store):
    assert land(store, submission())
    head = store.head()
    assert not land(store, submission(path="copy.xlsx"))
    assert store.knows("a" * 64)
    assert not store.knows("b" * 64)
    assert [stored.path for stored in store.submissions()] == ["a.xlsx"]
    assert store.head() == head


def test_a_table_that_a_new_schema_recognises_lands_from_bytes_that_are_known(store):
    first, second = submission(), submission(sheet="Other")
    land(store, first)
    assert land(store, first, second)
    assert [stored.sheet for stored in store.submissions()] == ["Sheet1", "Other"]


def test_two_files_of_one_partner_add_up_unless_told_otherwise(store):
    land(store, submission())
    land(store, submission("b" * 64, path="b.xlsx"))
    assert [stored.superseded_by for stored in store.submissions()] == [None, None]


def test_a_corrected_file_supersedes_when_told_and_the_old_one_stays(store):
    old, new = submission(), submission("b" * 64, path="b.xlsx")
    land(store, old)
    before = store.submissions()[0]
    land(store, new, supersedes=[before.id])
    after = submission_id(new.sha256, new.sheet, new.area)
    assert [stored.id for stored in store.submissions()] == [after]
    kept = next(stored for stored in store.submissions(current_only=False) if stored.id == before.id)
    assert kept.superseded_by == after
    assert_same(old, store.load(kept))
    assert store.runs()[-1].landed["supersedes"] == {before.id: after}


def test_bytes_that_had_been_added_can_be_told_to_supersede_later_and_back_again(store):
    old, new = submission(), submission("b" * 64, path="b.xlsx")
    land(store, old)
    land(store, new)
    ids = {stored.path: stored.id for stored in store.submissions()}
    assert land(store, new, supersedes=[ids["a.xlsx"]])
    assert [stored.path for stored in store.submissions()] == ["b.xlsx"]
    assert not land(store, new, supersedes=[ids["a.xlsx"]])
    assert land(store, old, supersedes=[ids["b.xlsx"]])
    assert [stored.path for stored in store.submissions()] == ["a.xlsx"]


@pytest.mark.parametrize("case", ["unknown", "own", "another return"])
def test_what_cannot_be_superseded_is_refused_and_nothing_lands(store, case):
    other = submission("c" * 64, path="c.xlsx", return_name="training_sessions")
    land(store, other)
    new = submission("b" * 64, path="b.xlsx")
    old = {
        "unknown": "f" * 20,
        "own": submission_id(new.sha256, new.sheet, new.area),
        "another return": submission_id(other.sha256, other.sheet, other.area),
    }[case]
    with pytest.raises(BadUsage):
        land(store, new, supersedes=[old])
    assert [stored.path for stored in store.submissions(current_only=False)] == ["c.xlsx"]


def test_submissions_are_found_by_return_partner_and_any_period_their_rows_may_fall_in(store):
    land(
        store,
        submission(sheet="year", periods=()),
        submission(sheet="quarter", periods=(), period="2018-19 Q1", partner="MPS"),
        submission(sheet="mixed", periods=("2017-18", None), period="2016-17"),
        submission(sheet="open", periods=(), period=None, return_name="training_sessions"),
    )

    def sheets(**asked):
        return [stored.sheet for stored in store.submissions(**asked)]

    assert sheets() == ["year", "quarter", "mixed", "open"]
    assert sheets(period="2018-19") == ["year", "quarter"]
    assert sheets(period="2018-19 Q1") == ["year", "quarter"]
    assert sheets(period="2018-19 Q2") == ["year"]
    assert sheets(period="2017-18") == ["mixed"]
    assert sheets(period="2018-1") == []
    assert sheets(partner="MPS") == ["quarter"]
    assert sheets(return_name="training_sessions") == ["open"]


def test_findings_come_back_with_the_table_they_stand_in_and_those_of_the_whole_file(store):
    left, right = submission(), submission(sheet="Other")
    in_left, in_right, of_file = finding_at(5), finding_at(5, "Other"), replace(finding_at(None), explained=True)
    with store.writing() as writer:
        writer.land(file_of(left, right, findings=[in_left, in_right, of_file]), ENTRY)
        writer.land(file_of(submission("b" * 64, path="b.xlsx"), findings=[finding_at(6)]), ENTRY)
    ids = {stored.sheet: stored.id for stored in store.submissions() if stored.path == "a.xlsx"}
    assert store.findings([ids["Sheet1"]]) == (in_left, of_file)
    assert store.findings([ids["Other"]]) == (in_right, of_file)
    assert store.findings(ids.values()) == (in_left, in_right, of_file)
    assert store.findings([]) == ()


def test_a_file_without_a_submission_is_logged_but_not_known(store):
    with store.writing() as writer:
        assert writer.land(LandedFile("a.xlsx", "a" * 64, (), (finding_at(None),)), ENTRY)
    assert store.runs()[0].landed["sha256"] == "a" * 64
    assert not store.knows("a" * 64)
    assert land(store, submission())
    assert store.knows("a" * 64)


# ---------------------------------------------------------------- readers and writers


def test_a_reader_keeps_its_snapshot_while_a_writer_publishes(store, tmp_path):
    land(store, submission())
    with Store.open(tmp_path / "store") as reader:
        assert len(reader.submissions()) == 1
        with store.writing() as writer:
            writer.land(file_of(submission("b" * 64, path="b.xlsx")), ENTRY)
            assert len(store.submissions()) == 2, "the writer sees what it published"
            assert len(reader.submissions()) == 1
            assert_same(submission(), reader.load(reader.submissions()[0]))
            with Store.open(tmp_path / "store") as late:
                assert len(late.submissions()) == 2


HOLDER = """
import sys, time
from pathlib import Path
from sscbtool.edge.store import Store
with Store.open(Path(sys.argv[1])) as store, store.writing():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_writer_is_turned_away_at_once_and_told_who_writes_since_when(tmp_path, holder):
    os.utime(tmp_path / "store" / "holder.json", (0, 1_554_120_000))
    started = time.monotonic()
    with Store.open(tmp_path / "store") as store:
        with pytest.raises(StoreBusy) as caught, store.writing():
            pass
        assert time.monotonic() - started < 1
        assert f"process {holder.pid}, since 2019-04-01 12:00:00 UTC" in caught.value.message
        assert store.submissions() == ()


def test_a_holder_that_was_killed_locks_nobody_out(tmp_path, holder):
    holder.kill()
    holder.wait()
    with Store.open(tmp_path / "store") as store:
        assert land(store, submission())


def test_a_second_writer_in_the_same_process_is_turned_away_too(store):
    with store.writing(), pytest.raises(StoreBusy, match=f"process {os.getpid()}"), store.writing():
        pass


def test_an_error_inside_a_write_gives_the_lock_back(store):
    with pytest.raises(ZeroDivisionError), store.writing():
        _ = 1 / 0
    assert land(store, submission())


ORPHANING = """
import os, signal, sys, time
from pathlib import Path
from sscbtool.edge.store import Store
with Store.open(Path(sys.argv[1])) as store, store.writing():
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    time.sleep(0.1)
    print(child, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_child_that_outlives_its_killed_parent_does_not_hold_the_lock(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANING, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
    ) as process:
        child = int(process.stdout.readline())
        process.wait()
        try:
            with Store.open(tmp_path / "store") as store:
                assert land(store, submission())
        finally:
            os.kill(child, signal.SIGKILL)


# ---------------------------------------------------------------- before or after, never between

KILLING = """
import os, signal, sys, time
from pathlib import Path
from test_store import ENTRY, file_of, finding_at, submission
from sscbtool.edge.store import Store

def write(folder, on_step):
    with Store.open(folder) as store, store.writing(on_step=on_step) as writer:
        writer.land(file_of(submission(), submission(sheet="Other"), findings=[finding_at(5)]), ENTRY)

seen = []
write(Path(sys.argv[1]) / "whole", seen.append)
for number, step in enumerate(seen):
    left = number
    def stop(_):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if child == 0:
        write(Path(sys.argv[1]) / f"{number:02}-{step}", stop)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, step
for number in range(30):  # SQLite's own writes have no steps of ours: kill by the clock, from the creation on
    child = os.fork()
    if child == 0:
        write(Path(sys.argv[1]) / f"timed-{number:02}", lambda _: None)
        os._exit(0)
    time.sleep(number / 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_kill_9_at_any_step_leaves_the_store_before_or_after(tmp_path):
    subprocess.run(
        [sys.executable, "-c", KILLING, str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    stopped = sorted(tmp_path.glob("[0-9]*"))
    assert {folder.name.partition("-")[2] for folder in stopped} == set(Step)
    outcomes = [assert_before_or_after(folder) for folder in stopped]
    assert outcomes == ["before"] * (len(stopped) - 1) + ["after"], "only the last step stands after the commit"
    for folder in tmp_path.glob("timed-*"):
        assert_before_or_after(folder)


def assert_before_or_after(folder: Path) -> str:
    whole = file_of(submission(), submission(sheet="Other"), findings=[finding_at(5)])
    with Store.open(folder) as store:
        found = store.submissions()
        assert len(found) in (0, 2), folder.name
        assert len(store.runs()) == len(store.findings(stored.id for stored in found)) == bool(found)
        assert store.verify(store.head()).whole
        with store.writing() as writer:
            assert len(list((folder / "submissions").iterdir())) == len(found), "orphans were swept"
            assert writer.land(whole, ENTRY) == (not found)
        assert len(store.submissions()) == 2
        for stored in store.submissions():
            assert_same(submission(sheet=stored.sheet), store.load(stored))
    return "after" if found else "before"


def test_a_full_disk_at_any_step_leaves_the_store_as_it_was(store, tmp_path):
    land(store, submission())
    for step in (Step.WRITTEN, Step.SYNCED, Step.RENAMED, Step.FOLDER_SYNCED, Step.BEGUN, Step.RECORDED, Step.LOGGED):

        def fill(at: Step, step: Step = step) -> None:
            if at is step:
                raise OSError(28, "No space left on device")

        with pytest.raises(CannotWrite, match="No space left"), store.writing(on_step=fill) as writer:
            writer.land(file_of(submission("b" * 64, path="b.xlsx")), ENTRY)
        assert [stored.path for stored in store.submissions()] == ["a.xlsx"]
        assert len(store.runs()) == 1
    with store.writing():
        assert len(list((tmp_path / "store" / "submissions").iterdir())) == 1


def test_orphans_are_swept_and_nothing_else_is(store, tmp_path):
    land(store, submission())
    data = tmp_path / "store" / "submissions"
    for name in ("orphan.parquet", "tmp123.part", "readme.txt"):
        (data / name).write_bytes(b"")
    with store.writing():
        kept = {path.name for path in data.iterdir()}
    assert kept == {store.submissions()[0].parquet, "readme.txt"}


# ---------------------------------------------------------------- who may read


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize(("asked", "files", "folders"), [({}, 0o600, 0o700), ({"file_mode": 0o640}, 0o640, 0o750)])
def test_only_those_may_read_whom_the_settings_name(tmp_path, asked, files, folders):
    mask = os.umask(0o077 if asked else 0)
    try:
        with Store.open(tmp_path / "store", **asked) as store:
            land(store, submission())
            found = modes(tmp_path / "store")
    finally:
        os.umask(mask)
    assert found.pop("store") == found.pop("submissions") == folders
    assert {"catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm", "lock"} < set(found)
    assert set(found.values()) == {files}


COLLEAGUE = """
import grp, os, sys
from pathlib import Path
import pandas, pyarrow.parquet
from sscbtool.edge.store import Store
from sscbtool.errors import CannotWrite
os.setgroups([]); os.setgid(grp.getgrnam("nogroup").gr_gid); os.setuid(65534)
with Store.open(Path(sys.argv[1])) as store:
    print(len(store.load(store.submissions()[0]).frame))
    try:
        with store.writing():
            pass
    except CannotWrite as refused:
        print(refused.message.rpartition(": ")[2])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_colleague_in_the_group_reads_without_a_right_to_write():
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o711)
        with Store.open(Path(parent) / "store", file_mode=0o640, group="nogroup") as store:
            land(store, submission())
        done = subprocess.run(
            [sys.executable, "-c", COLLEAGUE, f"{parent}/store"], capture_output=True, text=True, check=False
        )
        folder = Path(parent, "store")
        assert folder.group() == (folder / "catalogue.sqlite").group() == "nogroup"
        assert folder.stat().st_mode & stat.S_ISGID, "what SQLite makes beside the catalogue is the group's too"
    assert done.stdout == "2\nPermission denied\n", done.stderr


def test_an_unknown_group_is_said_in_one_sentence(tmp_path):
    with pytest.raises(BadConfiguration, match="'no such group'"):
        Store.open(tmp_path / "store", group="no such group")


# ---------------------------------------------------------------- stores that cannot be used


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    Store.open(tmp_path / "store")
    connection = sqlite3.connect(tmp_path / "store" / "catalogue.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BadConfiguration, match="version 99"):
        Store.open(tmp_path / "store")


def test_a_creation_that_was_cut_short_is_taken_up_again(tmp_path):
    folder = tmp_path / "store"
    (folder / "submissions").mkdir(parents=True)
    for name in ("catalogue.part", "catalogue.part-journal"):
        (folder / name).write_bytes(b"half a page")
    with Store.open(folder) as store:
        assert land(store, submission())
        assert not list(folder.glob("*.part*"))


def test_an_empty_file_is_not_taken_for_a_catalogue(tmp_path):
    (tmp_path / "catalogue.sqlite").touch()
    with pytest.raises(BadConfiguration, match="not the catalogue"):
        Store.open(tmp_path)


def test_a_store_of_an_older_version_is_brought_up_to_date_with_what_it_holds(tmp_path, monkeypatch):
    with Store.open(tmp_path) as store:
        land(store, submission())
    addition = ("CREATE TABLE added (number INTEGER PRIMARY KEY) STRICT",)
    before = len(migrations.MIGRATIONS)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, addition))
    for _ in range(2):
        with Store.open(tmp_path) as store:
            assert_same(submission(), store.load(store.submissions()[0]))
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (before + 1,)
        assert connection.execute("SELECT count(*) FROM added").fetchone() == (0,)
    connection.close()


def test_submissions_without_a_catalogue_are_never_swept_away(store, tmp_path):
    land(store, submission())
    for path in (tmp_path / "store").glob("catalogue.*"):
        path.unlink()
    with pytest.raises(BadConfiguration, match="no catalogue"):
        Store.open(tmp_path / "store")
    assert len(list((tmp_path / "store" / "submissions").iterdir())) == 1


def test_a_catalogue_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "catalogue.sqlite").write_bytes(b"not a database at all, though long enough to look at" * 20)
    with pytest.raises(BadConfiguration, match="cannot be read"):
        Store.open(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(CannotWrite):
        Store.open(tmp_path / "store")


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_parquet_file_that_is_not_as_landed_is_not_read(store, tmp_path, damage):
    land(store, submission())
    (stored,) = store.submissions()
    path = tmp_path / "store" / "submissions" / stored.parquet
    content = path.read_bytes()
    path.unlink()
    if damage == "changed":
        path.write_bytes(content[:-1] + b"x")
    with pytest.raises(BadConfiguration):
        store.load(stored)


# ---------------------------------------------------------------- the log


def test_a_run_comes_back_as_it_was_logged_in_utc(store):
    summer = dt.datetime(2019, 7, 1, 2, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    entry = LogEntry(
        "check",
        summer,
        "0.1.0",
        Outcome.CLEAN,
        "2018-19",
        {"a": "1"},
        {"contributions": "2"},
        {"2018-19": "3"},
        {"r": 4},
    )
    with store.writing() as writer:
        head = writer.log_run(entry)
    (run,) = store.runs()
    assert run.entry == entry
    assert run.entry.at.utcoffset() == dt.timedelta(0)
    assert (run.number, run.landed, run.previous, run.hash) == (1, None, EMPTY_HEAD, head)
    assert store.head() == head


def test_a_time_without_a_zone_is_a_bug_and_logs_nothing(store):
    with pytest.raises(ValueError, match="time zone"), store.writing() as writer:
        writer.log_run(LogEntry("check", dt.datetime(2019, 4, 1), "0.1.0"))  # noqa: DTZ001 - that is the point
    assert store.runs() == ()


def test_the_log_binds_what_landed_to_the_bytes_that_were_stored(store, tmp_path):
    land(store, submission())
    (stored,) = store.submissions()
    content = (tmp_path / "store" / "submissions" / stored.parquet).read_bytes()
    assert store.runs()[0].landed["submissions"] == [
        {"id": stored.id, "rows": 2, "parquet_sha256": hashlib.sha256(content).hexdigest()}
    ]


def log_of_five(store: Store) -> list[str]:
    with store.writing() as writer:
        return [writer.log_run(replace(ENTRY, counts={"run": number})) for number in range(5)]


def tamper(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_an_untouched_log_is_whole_up_to_every_head_it_ever_had(store):
    heads = log_of_five(store)
    for head in [None, EMPTY_HEAD, *heads, heads[2][:12]]:
        check = store.verify(head)
        assert check.whole
        assert (check.entries, check.head) == (5, heads[-1])


@pytest.mark.parametrize(
    ("statements", "broken_at"),
    [
        (["""UPDATE log SET entry = replace(entry, '"run":2', '"run":9') WHERE number = 3"""], 3),
        (["UPDATE log SET hash = substr(hash, 2) || 'f' WHERE number = 3"], 3),
        (["UPDATE log SET previous = substr(previous, 2) || 'f' WHERE number = 3"], 3),
        (["DELETE FROM log WHERE number = 1"], 1),
        (["DELETE FROM log WHERE number = 3"], 3),
        (["DELETE FROM log WHERE number = 3", "UPDATE log SET number = number - 1 WHERE number > 3"], 3),
        (
            [
                "UPDATE log SET number = number + 10 WHERE number > 2",
                "INSERT INTO log SELECT 3, entry, hash, 'f' || substr(hash, 2) FROM log WHERE number = 2",
                "UPDATE log SET number = number - 9 WHERE number > 10",
            ],
            3,
        ),
        (
            [
                "UPDATE log SET number = 99 WHERE number = 2",
                "UPDATE log SET number = 2 WHERE number = 3",
                "UPDATE log SET number = 3 WHERE number = 99",
            ],
            2,
        ),
    ],
    ids=[
        "edit",
        "hash edited",
        "link edited",
        "first deleted",
        "deleted",
        "deleted and renumbered",
        "inserted",
        "swapped",
    ],
)
def test_tampering_with_the_log_is_found_where_it_was_done(tmp_path, statements, broken_at):
    with Store.open(tmp_path) as store:
        log_of_five(store)
    tamper(tmp_path, *statements)
    with Store.open(tmp_path) as store:
        check = store.verify()
    assert not check.whole
    assert check.broken_at == broken_at
    assert str(broken_at) in check.reason


def test_a_tail_cut_behind_a_known_head_is_found(tmp_path):
    with Store.open(tmp_path) as store:
        heads = log_of_five(store)
    tamper(tmp_path, "DELETE FROM log WHERE number > 3")
    with Store.open(tmp_path) as store:
        assert store.verify().whole, "without a head nobody can tell"
        assert store.verify(heads[2]).whole
        assert not store.verify(heads[4]).whole
        assert not store.verify(heads[3][:12]).whole


def test_a_head_too_short_to_name_an_entry_is_refused(store):
    with pytest.raises(BadUsage):
        store.verify(log_of_five(store)[-1][:11])


# ---------------------------------------------------------------- older stores


@pytest.mark.parametrize("version", range(1, len(migrations.MIGRATIONS)))
def test_a_store_that_an_earlier_program_made_is_migrated_with_a_backup_of_its_catalogue_first(
    tmp_path, monkeypatch, version
):
    folder = tmp_path / "store"
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:version])
        with Store.open(folder) as store:
            land(store, submission())
            head = store.head()
    with Store.open(folder) as store:
        assert_same(submission(), store.load(store.submissions()[0]))
        assert store.verify(head).whole
        assert store.damages() == ()
        assert land(store, submission("b" * 64, path="b.xlsx"))
    with sqlite3.connect(folder / f"catalogue.v{version}.sqlite") as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (version,)
        assert kept.execute("SELECT count(*) FROM submission").fetchone() == (1,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept.close()


def test_a_migration_that_is_cut_short_leaves_the_older_store(tmp_path, monkeypatch):
    with Store.open(tmp_path) as store:
        land(store, submission())
    bad = ("CREATE TABLE added (number INTEGER) STRICT", "CREATE TABLE added (number INTEGER) STRICT")
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, bad))
        with pytest.raises(CannotWrite):
            Store.open(tmp_path)
    with Store.open(tmp_path) as store:
        assert_same(submission(), store.load(store.submissions()[0]))
