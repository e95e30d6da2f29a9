"""Care of the store, as whoever keeps it does it: list, backup, restore, verify, forget."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from jsonschema import validate as hold
from tests.cli.conftest import ROOT, run

SCHEMA = json.loads((ROOT / "src" / "sscbtool" / "render" / "result.schema.json").read_text(encoding="utf-8"))
CSV = "Organisation,Amount,Date received\n{},500.00,01/05/2018\n"


@pytest.fixture
def board(tmp_path):
    board = tmp_path / "board"
    assert run("init", board).code == 0
    folder = board / "returns" / "2018-19" / "LFB"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(CSV.format("London Fire Brigade"))
    (folder / "b.csv").write_text(CSV.format("London Fire Brigade").replace("500", "12"))
    assert run("ingest", cwd=board).code == 0
    return board


def store(board: Path, *arguments) -> dict:
    done = run("store", *arguments, "--format", "json", cwd=board)
    assert done.code == 0, done.err
    hold(done.json, SCHEMA)
    return done.json["store"][arguments[0]]


def versions(board: Path) -> dict[str, str]:
    return {Path(each["file"]).name: each["version"] for each in store(board, "list")}


def test_a_store_as_it_landed_is_whole(board):
    told = store(board, "verify")
    assert (told["submissions"], told["damages"], told["orphans"]) == (2, [], [])
    assert told["entries"] == 3


@pytest.mark.parametrize("damage", ["changed", "missing", "edited", "cut out"])
def test_whatever_is_not_as_it_landed_is_named(board, damage):
    data = board / "store" / "submissions"
    first = sorted(data.iterdir())[0]
    if damage == "changed":
        first.chmod(0o600)
        first.write_bytes(first.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        first.unlink()
    else:
        connection = sqlite3.connect(board / "store" / "catalogue.sqlite")
        if damage == "edited":
            connection.execute("UPDATE submission SET parquet_sha256 = 'f'")
        else:
            connection.execute("DELETE FROM submission WHERE parquet = ?", (first.name,))
        connection.commit()
        connection.close()
    done = run("store", "verify", "--format", "json", cwd=board)
    assert done.code == 1
    assert done.json["store"]["verify"]["damages"]


def test_a_backup_comes_back_as_it_was_and_what_was_there_is_kept(board, tmp_path):
    before, head = versions(board), store(board, "verify")["head"]
    backup = tmp_path / "backup.tar"
    assert store(board, "backup", backup)["submissions"] == 2
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    (board / "returns" / "2018-19" / "LFB" / "c.csv").write_text(CSV.format("CAFCASS"))
    run("ingest", cwd=board)
    assert len(versions(board)) == 3
    told = store(board, "restore", backup)
    assert versions(board) == before
    assert store(board, "verify")["damages"] == []
    assert Path(told["kept"]).exists()
    done = run("history", "verify", head, cwd=board)
    assert done.code == 0, "the log goes on from where the backup was"
    store(board, "restore", told["kept"])
    assert len(versions(board)) == 3


def test_a_store_past_opening_is_moved_aside_for_its_backup(board, tmp_path):
    backup, before = tmp_path / "backup.tar", versions(board)
    store(board, "backup", backup)
    for path in (board / "store").glob("catalogue.*"):
        path.unlink()
    assert run("summary", cwd=board).code == 2
    told = store(board, "restore", backup)
    assert "damaged" in told["kept"]
    assert versions(board) == before
    assert run("summary", cwd=board).code == 0


@pytest.mark.parametrize("what", ["cut", "changed", "no archive", "a path that leads out"])
def test_what_is_no_whole_backup_changes_nothing(board, tmp_path, what):
    backup = tmp_path / "backup.tar"
    store(board, "backup", backup)
    content = backup.read_bytes()
    if what == "cut":
        backup.write_bytes(content[: len(content) // 2])
    elif what == "changed":
        at = content.rindex(b"PAR1") - 40
        backup.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif what == "no archive":
        backup.write_bytes(b"nothing of the kind")
    else:
        import io
        import tarfile

        with tarfile.open(backup, "w") as archive:
            archive.addfile(tarfile.TarInfo("submissions/../../out.parquet"), io.BytesIO())
    before = {path: path.read_bytes() for path in (board / "store" / "submissions").iterdir()}
    done = run("store", "restore", backup, cwd=board)
    assert done.code == 2, done.out
    assert {path: path.read_bytes() for path in (board / "store" / "submissions").iterdir()} == before
    assert len(versions(board)) == 2


def test_what_is_forgotten_is_nowhere_in_the_store_but_in_the_log(board):
    file = board / "returns" / "2018-19" / "LFB" / "a.csv"
    version = versions(board)["a.csv"]
    connection = sqlite3.connect(board / "store" / "catalogue.sqlite")
    (full,) = connection.execute("SELECT id FROM submission WHERE id LIKE ?", (version + "%",)).fetchone()
    # A mark that only this submission's row holds, as a partner's text in its facts would be.
    connection.execute(
        'UPDATE submission SET facts = replace(facts, \'"sheet":null\', \'"sheet":"CANARYSHEET"\') WHERE id = ?',
        (full,),
    )
    connection.commit()
    connection.close()
    done = run("store", "forget", version, cwd=board)
    assert done.code == 0, done.err
    assert "still lies there" in done.err
    assert "Backups" in done.err
    file.unlink()
    assert list(versions(board)) == ["b.csv"]
    for path in (board / "store").rglob("*"):
        if path.is_file():
            assert b"CANARYSHEET" not in path.read_bytes(), path.name
    assert len(list((board / "store" / "submissions").iterdir())) == 1
    told = store(board, "verify")
    assert (told["damages"], told["entries"]) == ([], 4)


def test_what_took_the_place_of_another_is_not_forgotten_before_it(board):
    ids = versions(board)
    run("ingest", "returns/2018-19/LFB/b.csv", "--replaces", "a.csv", cwd=board)
    done = run("store", "forget", ids["b.csv"], cwd=board)
    assert done.code == 2
    assert f"Forget {ids['a.csv']} first" in done.err
    assert run("store", "forget", "a.csv", cwd=board).code == 0
    assert run("store", "forget", "b.csv", cwd=board).code == 0
    assert versions(board) == {}
