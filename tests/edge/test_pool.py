"""The children that read: order, limits, death, and that nothing leaks in or out."""

import contextlib
import dataclasses
import io
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import typing
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.core.model import Area, FileFormat, Grid, Limits, Remark, RemarkKind, Table, Workbook
from sscbtool.edge import pool
from sscbtool.edge.pool import Pool, decode, encode, process, read_files, tables
from sscbtool.errors import InputRefused

LIMITS = Limits()
LINUX = sys.platform.startswith("linux")

MISBEHAVING = """
import json, sys; sys.path[:] = json.loads(sys.argv[1])
import os, time, ctypes
import sscbtool.child as child
from sscbtool.edge import readers
from sscbtool.errors import InputRefused
import sscbtool.edge.readers.text as text
honest = readers.read

def read(data, format, limits):
    word = bytes(data).split(b",")[0].strip().decode()
    match word:
        case "abort": os.abort()
        case "segfault": ctypes.string_at(0)
        case "exit": os._exit(0)
        case "spin":
            while True: pass
        case "sleep": time.sleep(60)
        case "slow": time.sleep(1)
        case "eat": return [bytearray(1 << 20) for _ in range(4096)]
        case "bug": raise KeyError("Jane Doe")
        case "deep": return deep()
        case "print":
            print("noise"); sys.stderr.write("noise"); os.write(1, b"noise"); os.write(2, b"noise"); sys.stdin.read()
        case "environment": raise InputRefused(json.dumps(dict(os.environ)))
        case "open files": raise InputRefused(json.dumps(open_files()))
        case "process": raise InputRefused(str(os.getpid()))
        case "socket": __import__("socket").socket().connect(("127.0.0.1", 9))
        case "program": __import__("subprocess").run(["true"])
        case "write": os.write(os.open(json.loads(bytes(data).split(b",", 1)[1]), os.O_CREAT | os.O_WRONLY), b"x")
        case "keep": kept.append(bytearray(300 << 20))
    return honest(data, format, limits)

def locate(grid, **more):
    if grid.text(0, 0) == "puzzle":
        while True: pass
    return found(grid, **more)

def deep(): return deep()

def open_files():
    numbers = [n for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)]
    return [os.readlink("/proc/self/fd/" + n) for n in numbers]

kept = []
found, child.locate = child.locate, locate
readers.read = read
sys.exit(child.main())
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def gone(pids: list[int], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="module")
def misbehaving():
    """A pool whose children do what the first field of a file tells them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "BOOT", MISBEHAVING)
        patch.setenv("PARTNER_SECRET", "do not tell")
        with Pool(replace(LIMITS, seconds=60.0, memory_bytes=600 << 20), workers=2) as running:
            yield running


@pytest.fixture
def hasty(monkeypatch):
    """The same with little time for a file, but enough for a sound one on a busy machine."""
    monkeypatch.setattr(process, "BOOT", MISBEHAVING)
    with Pool(replace(LIMITS, seconds=3.0), workers=2) as running:
        yield running


@pytest.fixture
def files(tmp_path):
    def written(*contents: str) -> list[str]:
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}.csv"
            path.write_text(content)
            paths.append(str(path))
        return paths

    return written


SOUND = "sound,1\nb,2\n"


# --------------------------------------------------------------------------- order and isolation


def test_readings_come_in_the_order_of_the_paths_given(files):
    rng = random.Random(4)
    paths = files(*("x,1\n" * rng.choice([1, 10, 20_000]) for _ in range(60)))
    paths.insert(7, "no/such/file.csv")
    done: list[tuple[int, int]] = []
    readings = list(read_files(paths, LIMITS, workers=2, on_progress=lambda *step: done.append(step)))
    assert [reading.path for reading in readings] == paths
    assert [bool(reading.workbook) for reading in readings] == [path != "no/such/file.csv" for path in paths]
    assert readings[7].reason == "there is no such file"
    assert not readings[7].fault
    assert done == [(n + 1, 61) for n in range(61)]
    sizes = [len(reading.workbook.grids[0].rows) for reading in readings if reading.workbook]
    assert sizes == [Path(path).read_text().count("\n") for path in paths if path != "no/such/file.csv"]


def test_no_files_need_no_children(monkeypatch):
    monkeypatch.setattr(pool, "Child", None)
    assert list(read_files([], LIMITS)) == []


def test_the_hash_is_told_for_what_is_read_and_for_what_the_gate_refuses(files):
    read, refused = read_files(files(SOUND, "%PDF-1.7"), LIMITS, workers=1)
    assert read.sha256
    assert len(read.sha256) == 64
    assert refused.sha256
    assert refused.reason == "it is a PDF, not a spreadsheet"


def test_a_path_that_is_not_text_reaches_the_child_as_it_is(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.csv")
    Path(path).write_text(SOUND)
    (reading,) = read_files([path], LIMITS)
    assert reading.path == path
    assert reading.workbook


def test_the_gates_remarks_come_before_the_readers(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(b"a,b\n\xa31,2\n")
    (reading,) = read_files([str(path)], LIMITS)
    assert reading.workbook
    kinds = [remark.kind for remark in reading.workbook.remarks]
    assert kinds == [RemarkKind.NAME_MISMATCH, RemarkKind.ASSUMED_ENCODING]


def test_a_protected_file_is_marked_so_that_its_password_can_be_asked_for(tmp_path):
    from msoffcrypto.method.ecma376_agile import ECMA376Agile

    path = tmp_path / "a.xlsx"
    inner = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["Org", "£5"])
    book.save(inner)
    path.write_bytes(ECMA376Agile.encrypt("Secret1", io.BytesIO(inner.getvalue()), spin_count=1000))
    (asked,) = read_files([str(path)], LIMITS)
    (wrong,) = read_files([str(path)], LIMITS, passwords={str(path): "other"})
    (opened,) = read_files([str(path)], LIMITS, passwords={str(path): "Secret1"})
    assert (asked.protected, wrong.protected, opened.protected) == (True, True, False)
    assert asked.reason == "it is protected by a password"
    assert opened.workbook
    assert opened.workbook.grids[0].text(0, 1) == "£5"


@pytest.mark.parametrize("death", ["abort", "segfault", "exit"])
def test_a_child_that_dies_costs_one_file_and_is_replaced(misbehaving, files, death):
    paths = files(SOUND, SOUND, death + ",1\n", *[SOUND] * 5, death + ",1\n", SOUND)
    readings = list(misbehaving.read(paths))
    assert [reading.path for reading in readings] == paths
    assert [reading.reason for reading in readings if not reading.workbook] == [pool.STOPPED] * 2
    assert all(reading.fault for reading in readings if not reading.workbook)


@pytest.mark.parametrize("hang", ["spin", "sleep"])
def test_a_child_that_overruns_costs_one_file_and_about_the_time_allowed(hasty, files, hang):
    start = time.monotonic()
    first, second, third = hasty.read(files(SOUND, hang + ",1\n", SOUND))
    assert second.reason == "it took more than 3 s to read"
    assert second.hint
    assert not second.fault
    assert first.workbook
    assert third.workbook
    assert time.monotonic() - start < 20


def test_a_sheet_whose_tables_are_not_found_in_time_costs_one_file(hasty, files):
    first, puzzle, last = hasty.read(files(SOUND, "puzzle,1\n", SOUND))
    assert puzzle.reason == "it took more than 3 s to read"
    assert [len(tables) for tables in (*first.tables, *last.tables)] == [1, 1]


@pytest.mark.skipif(not LINUX, reason="needs /proc")
def test_a_child_that_is_kept_from_the_processor_is_not_taken_for_one_that_hangs(monkeypatch, files):
    monkeypatch.setattr(process, "BOOT", MISBEHAVING)
    monkeypatch.setattr(process.Child, "is_running", lambda _: True)
    with Pool(replace(LIMITS, seconds=0.5), workers=1) as running:
        (slow,) = running.read(files("slow,1\n"))
        (hanging,) = running.read(files("sleep,1\n"))
    assert slow.workbook
    assert hanging.reason == "it took more than 0.5 s to read"


@pytest.mark.skipif(not LINUX, reason="only here is memory limited by the system")
def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_is_read(misbehaving, files):
    first, second = misbehaving.read(files("eat,1\n", SOUND))
    assert first.reason == "it needed more than 600 MiB to read"
    assert not first.fault
    assert second.workbook


@pytest.mark.skipif(not LINUX, reason="only here is memory limited by the system")
def test_a_child_that_keeps_memory_retires_and_no_file_pays_for_another(misbehaving, files):
    readings = list(misbehaving.read(files(*["keep,1\n"] * 8, SOUND)))
    assert [reading.reason for reading in readings] == [None] * 9


def test_a_bug_of_ours_is_marked_as_one_and_tells_no_values(misbehaving, files):
    bug, deep, sound = misbehaving.read(files("bug,1\n", "deep,1\n", SOUND))
    assert bug.reason == "could not be read (internal reader fault: KeyError)"
    assert bug.fault
    assert "RecursionError" in (deep.reason or "")
    assert not sound.fault
    assert sound.workbook


def test_what_a_library_prints_does_not_disturb_the_answers(misbehaving, files, capfd):
    assert all(reading.workbook for reading in misbehaving.read(files("print,1\n", SOUND)))
    assert capfd.readouterr() == ("", "")


# --------------------------------------------------------------------------- what children may not


def told(running: Pool, paths: list[str]) -> str:
    (reading,) = running.read(paths)
    return str(reading.reason)


def test_children_see_nothing_of_the_callers_environment(misbehaving, files):
    environment = json.loads(told(misbehaving, files("environment,1\n")))
    assert "PATH" in environment
    assert "PARTNER_SECRET" not in environment


@pytest.mark.parametrize("deed", ["socket", "program"])
def test_children_open_no_connection_and_start_no_program(misbehaving, files, deed):
    assert "PermissionError" in told(misbehaving, files(deed + ",1\n"))


@pytest.mark.skipif(not LINUX, reason="limits of the system")
def test_children_write_no_file(misbehaving, files, tmp_path):
    assert "OSError" in told(misbehaving, files("write," + json.dumps(str(tmp_path / "out"))))
    assert not (tmp_path / "out").exists() or not (tmp_path / "out").stat().st_size


@pytest.mark.skipif(not LINUX, reason="needs /proc")
def test_children_inherit_no_open_file_not_even_an_inheritable_lock(files, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "BOOT", MISBEHAVING)
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        with Pool(LIMITS, workers=1) as running:
            opened = json.loads(told(running, files("open files,1\n")))
    assert str(tmp_path / "lock") not in opened
    assert opened


def test_a_module_in_the_current_folder_is_never_imported(files, tmp_path, monkeypatch):
    paths = files(SOUND)
    (tmp_path / "numpy.py").write_text("raise SystemExit('hostile module')")
    (tmp_path / "json.py").write_text("raise SystemExit('hostile module')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.path.insert(0, "")
    (reading,) = read_files(paths, LIMITS)
    assert reading.workbook


# --------------------------------------------------------------------------- the end of children


@pytest.mark.skipif(not LINUX, reason="needs /proc")
def test_no_child_outlives_the_pool_whatever_ended_it(files, monkeypatch):
    monkeypatch.setattr(process, "BOOT", MISBEHAVING)
    pids = []
    with Pool(LIMITS, workers=2) as running:
        pids = [child.process.pid for child in running._children.values()]
        stream = running.read(files(SOUND, "sleep,1\n", "sleep,1\n"))
        assert next(stream).workbook
    assert gone(pids, 5.0)
    with contextlib.suppress(ZeroDivisionError), Pool(LIMITS, workers=2) as running:
        pids = [child.process.pid for child in running._children.values()]
        raise ZeroDivisionError
    assert gone(pids, 5.0)


def test_readings_that_nobody_fetches_do_not_disturb_the_next_batch(misbehaving, files):
    paths = files("early,1\n", *["late,1\n"] * 9)
    stream = misbehaving.read(paths)
    next(stream)
    stream.close()
    (reading,) = misbehaving.read(files("next,7\n"))
    assert reading.workbook
    assert reading.workbook.grids[0].text(0, 0) == "next"


def test_a_pool_reads_one_batch_at_a_time(misbehaving, files):
    stream = misbehaving.read(files(SOUND, SOUND))
    next(stream)
    with pytest.raises(RuntimeError, match="already reading"):
        next(misbehaving.read(files(SOUND)))
    stream.close()


HOST = """
import sys
from sscbtool.core.model import Limits
from sscbtool.edge import pool
pool.process.BOOT = sys.argv[1]
with pool.Pool(Limits(), workers=2) as running:
    print(*(child.process.pid for child in running._children.values()), flush=True)
    list(running.read(sys.argv[2:]))
"""


@pytest.mark.skipif(not LINUX, reason="needs /proc")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("busy", ["sleep", "spin", "sound"])
def test_children_die_with_their_parent(files, blow, busy):
    paths = files(f"{busy},1\n", f"{busy},1\n")
    with subprocess.Popen(
        [sys.executable, "-c", HOST, MISBEHAVING, *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        assert host.stdout
        pids = [int(pid) for pid in host.stdout.readline().split()]
        time.sleep(0.8)
        host.send_signal(blow)
        host.wait(10)
    assert len(pids) == 2
    assert gone(pids)


def test_children_that_cannot_start_are_a_bug_and_not_an_endless_wait(files, monkeypatch, capfd):
    monkeypatch.setattr(process, "BOOT", "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="could not be started"):
        list(read_files(files(SOUND, SOUND), LIMITS))
    assert capfd.readouterr() == ("", "")


IMPOSTOR = """
import sys, struct, json
out = sys.stdout.buffer
def frame(envelope, body=b""):
    facts = json.dumps(envelope).encode()
    out.write(struct.pack("<IQ", len(facts), len(body)) + facts + body); out.flush()
frame({})
sys.stdin.buffer.read(4)
ANSWER
import time; time.sleep(30)
"""


@pytest.mark.parametrize(
    "answer",
    [
        "out.write(struct.pack('<IQ', 2, 1 << 62) + b'{}'); out.flush()",
        "out.write(struct.pack('<IQ', 1 << 31, 0)); out.flush()",
        "out.write(b'Traceback (most recent call last)'); out.flush()",
        "frame([1, 2])",
        "frame({'sha256': None}, b'no workbook')",
        "frame({'sha256': None})",
    ],
)
def test_an_answer_that_is_not_believable_costs_the_file_and_nothing_more(files, monkeypatch, answer):
    monkeypatch.setattr(process, "BOOT", IMPOSTOR.replace("ANSWER", answer))
    (reading,) = read_files(files(SOUND), LIMITS)
    assert (reading.reason, reading.fault, reading.workbook) == (pool.STOPPED, True, None)


# --------------------------------------------------------------------------- how cells travel


def some_workbook(**changes) -> Workbook:
    grid = Grid(
        sheet="Sheet 1",
        rows=np.array([2, 5, 9], np.int32),
        columns=np.array([1, 4], np.int32),
        texts=(pa.array(["Org", "LFB £", "\0\ufffd"], pa.string()), pa.array(["Amount", "", "#REF!"], pa.string())),
        kinds=np.array([[1, 1], [1, 0], [1, 5]], np.uint8),
        flags=np.array([[0, 0], [0, 3], [4, 0]], np.uint8),
        formats=np.array([[0, 0], [0, 1], [0, 0]], np.uint16),
        format_codes=("General", "0.00"),
        merges=(Area(1, 1, 2, 4),),
        hidden_rows=(5, 7),
        hidden_columns=(3,),
    )
    return replace(
        Workbook(
            format=FileFormat.XLSX,
            grids=(grid,),
            encoding="utf-8",
            delimiter=";",
            hidden_sheets=("Old",),
            remarks=(Remark(RemarkKind.RAGGED_ROW, "Sheet 1", 3, None, "2 fields"), Remark(RemarkKind.MACROS)),
        ),
        **changes,
    )


def same(one: Workbook, other: Workbook) -> bool:
    def plain(workbook: Workbook) -> tuple:
        grids = [
            [
                *(g.sheet, g.lists, g.format_codes, g.merges, g.hidden_rows, g.hidden_columns, g.shape),
                *(part.tolist() for part in (g.rows, g.columns, g.kinds, g.flags, g.formats)),
            ]
            for g in workbook.grids
        ]
        return workbook.format, grids, workbook.encoding, workbook.delimiter, workbook.hidden_sheets, workbook.remarks

    return plain(one) == plain(other)


def test_a_workbook_comes_back_as_it_was():
    workbook = some_workbook()
    assert same(decode(encode(workbook)).workbook, workbook)
    empty = replace(workbook.grids[0], rows=np.empty(0, np.int32), columns=np.empty(0, np.int32), texts=())
    none = np.zeros((0, 0), np.uint8)
    empty = replace(empty, kinds=none, flags=none, formats=none.astype(np.uint16))
    for other in (some_workbook(grids=()), some_workbook(grids=(empty, *workbook.grids, empty))):
        assert same(decode(encode(other)).workbook, other)


def filled(kind: Any, seed: Iterator[int]) -> Any:
    """A value of an annotation in which no two parts are alike, so that none can go missing or change places."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, localns={"np": np})
        return kind(**{field.name: filled(hints[field.name], seed) for field in dataclasses.fields(kind)})
    if origin is np.ndarray:
        return np.array([next(seed), next(seed)], np.int32)
    if origin is tuple:
        return tuple(filled(part, seed) for part in (parts[:1] * 2 if parts[-1] is Ellipsis else parts))
    if origin is Mapping:
        return {filled(parts[0], seed): filled(parts[1], seed) for _ in range(2)}
    if type(None) in parts:
        return filled(parts[0], seed)
    if issubclass(kind, Enum):
        return list(kind)[next(seed) % len(kind)]
    return kind(next(seed))


def plain(value: Any) -> Any:
    """The same as values that can be compared."""
    if dataclasses.is_dataclass(value):
        return [plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    return value.tolist() if isinstance(value, np.ndarray) else value


NUMBERS = iter(range(1, 10_000))
SOME_TABLES = tuple(tuple(filled(Table, NUMBERS) for _ in range(count)) for count in (2, 0, 1))


def test_every_field_of_a_table_comes_back_as_it_was():
    back = decode(encode(some_workbook(), SOME_TABLES)).tables
    assert [[plain(table) for table in sheet] for sheet in back] == [
        [plain(table) for table in sheet] for sheet in SOME_TABLES
    ]
    nothing = replace(SOME_TABLES[0][0], sheet=None, totals=(), carried={}, data_rows=np.empty(0, np.int32))
    (((once,),),) = (decode(encode(some_workbook(), ((nothing,),))).tables,)
    assert plain(once) == plain(nothing)


def test_tables_may_come_without_their_grids():
    found = decode(encode(some_workbook(), SOME_TABLES, cells=False))
    assert same(found.workbook, some_workbook(grids=()))
    assert len(found.tables) == 3


@pytest.mark.parametrize(
    ("part", "word"),
    [("area", ["1", 1, 2, 4]), ("area", [1, 1, 2]), ("area", None), ("data_rows", [0, 1 << 40]), ("data_rows", [-4, 1]),
     ("notes", [[1, 1]]), ("notes", {"a": 1}), ("set_aside", [[3, "nonsense"]]), ("header_rows", [1.5]),
     ("header_rows", [True]), ("row_breaks", [[1, 1, [], "NaN", "1"]]), ("row_breaks", [[1, 1, [], "1", "many"]])],
)  # fmt: skip
def test_a_table_that_is_none_is_not_believed(part, word):
    told, arrays = tables.plain_tables(SOME_TABLES[2:])
    told[0][0][[field.name for field in dataclasses.fields(Table)].index(part)] = word
    with pytest.raises((ValueError, TypeError)):
        tables.tables_of(told, memoryview(arrays))


def test_tables_are_located_with_the_organisations_of_the_batch(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Agency,Amount\nRiverside,\nProbation,150\nCCG,200\n")
    (unknown,) = read_files([str(path)], LIMITS)
    with Pool(LIMITS, workers=1) as running:
        (known,) = running.read([str(path)], organisations={"riverside"})
        (again,) = running.read([str(path)])
        (bare,) = running.read([str(path)], cells=False)
    assert [len(each.tables[0][0].data_rows) for each in (unknown, known, again, bare)] == [2, 3, 2, 2]
    assert [len(each.workbook.grids) for each in (unknown, known, again, bare)] == [1, 1, 1, 0]


def test_matrices_without_a_mark_take_no_room():
    grid = some_workbook().grids[0]
    plain = replace(grid, flags=np.zeros((3, 2), np.uint8), formats=np.zeros((3, 2), np.uint16))
    back = decode(encode(some_workbook(grids=(plain,)))).workbook.grids[0]
    assert back.flags.shape == (3, 2)
    assert back.flags.strides == (0, 0)
    assert not back.formats.any()


@given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_bytes_that_were_tampered_with_are_a_value_error_or_a_sound_workbook(place, byte, cut):
    data = bytearray(encode(some_workbook(), SOME_TABLES))
    data[place % len(data)] = byte
    try:
        found = decode(bytes(data[: len(data) - cut]))
    except ValueError:
        return
    workbook = found.workbook
    for grid in workbook.grids:
        assert grid.kinds.shape == grid.flags.shape == grid.formats.shape == grid.shape
        assert all(len(column) == len(grid.rows) for column in grid.lists)
        assert all(grid.format_code(i, j) for i in range(grid.shape[0]) for j in range(grid.shape[1]))


def test_a_workbook_with_more_merges_than_a_parent_would_take_is_refused(monkeypatch):
    monkeypatch.setattr(pool.cells, "MOST_JSON", 2000)
    merges = tuple(Area(row, 1, row, 2) for row in range(1, 400))
    with pytest.raises(InputRefused, match="merges or hides"):
        encode(some_workbook(grids=(replace(some_workbook().grids[0], merges=merges),)))


def test_reasons_name_the_limit():
    assert pool.out_of_time(LIMITS) == "it took more than 10 s to read"
    assert pool.out_of_memory(LIMITS) == "it needed more than 1 GiB to read"


def test_a_text_file_larger_than_a_workbook_may_be_has_more_time(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 3000)
    assert pool.seconds_for(path, replace(LIMITS, file_bytes=1000)) == 30.0
    assert pool.seconds_for(path, LIMITS) == 10.0
    assert pool.seconds_for("none", LIMITS) == 10.0


def test_variables_that_steer_the_callers_python_do_not_steer_the_childs(files):
    script = textwrap.dedent(
        """
        import sys
        from sscbtool.core.model import Limits
        from sscbtool.edge.pool import read_files
        (reading,) = read_files(sys.argv[1:], Limits())
        sys.exit(0 if reading.workbook else 1)
        """
    )
    environment = os.environ | {"PYTHONSTARTUP": "none", "PYTHONVERBOSE": "0", "PYTHONPATH": str(Path.cwd() / "none")}
    done = subprocess.run(
        [sys.executable, "-c", script, *files(SOUND)], env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 0, done.stderr
