import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from sscbtool.edge.lock import kept, locked
from sscbtool.edge.settings import find_workspace
from sscbtool.edge.sharing import Sharing
from sscbtool.edge.workspace import write_new
from sscbtool.errors import BadConfiguration, CannotWrite, StoreBusy


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusing_to_replace(monkeypatch: pytest.MonkeyPatch, held: Path, why: int) -> None:
    """As a Windows share does while somebody has the file open."""
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if Path(target) == held:
            raise OSError(why, os.strerror(why), str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.parametrize("why", [errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY])
@pytest.mark.parametrize("linked", [True, False])
def test_a_report_that_is_open_in_excel_is_written_beside_and_never_lost(tmp_path, monkeypatch, why, linked):
    report = tmp_path / "report.xlsx"
    report.write_bytes(b"old")
    (tmp_path / "report (2).xlsx").write_bytes(b"kept from last time")
    refusing_to_replace(monkeypatch, report, why)
    if not linked:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOTSUP, "no links here")))
    with pytest.raises(CannotWrite, match=r"stands beside it as report \(3\)\.xlsx") as said:
        write_new(report, b"new", 0o640)
    assert said.value.exit_code == 74
    assert names(tmp_path) == ["report (2).xlsx", "report (3).xlsx", "report.xlsx"]
    assert report.read_bytes() == b"old"
    assert (tmp_path / "report (3).xlsx").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "report (3).xlsx").stat().st_mode) == 0o640


def test_what_cannot_be_written_at_all_leaves_nothing_behind(tmp_path, monkeypatch):
    report = tmp_path / "report.xlsx"
    report.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(CannotWrite, match="No space left"):
        write_new(report, b"new")
    assert names(tmp_path) == ["report.xlsx"]
    assert report.read_bytes() == b"old"


def test_an_interrupt_in_the_middle_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_new(tmp_path / "report.xlsx", b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_reports_and_their_new_folders_are_as_the_settings_say_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_new(tmp_path / "reports" / "a.html", b"x", 0o640)
        write_new(tmp_path / "own" / "a.html", b"x")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "reports", tmp_path / "own")}
    assert modes == {"reports": 0o750, "own": 0o700}
    assert stat.S_IMODE((tmp_path / "reports" / "a.html").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "own" / "a.html").stat().st_mode) == 0o600


def test_a_link_is_written_through_and_a_pipe_is_never_replaced(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    write_new(link, b"through")
    assert link.is_symlink()
    assert real.read_bytes() == b"through"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_new(pipe, b"into it")
    reader.join(10)
    assert got == [b"into it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(("text", "mode"), [("0600", 0o600), ("640", 0o640), ("0644", 0o644), ("0660", 0o660)])
def test_file_modes_that_make_sense(tmp_path, text, mode):
    (tmp_path / "sscbtool.toml").write_text(f'file_mode = "{text}"\n')
    assert find_workspace(tmp_path, tmp_path).file_mode == mode


@pytest.mark.parametrize(
    "text", ["640x", "0o640", "-640", "+640", "6_40", "0400", "0666", "0755", "4640", "0620", "", "1600"]
)
def test_file_modes_that_make_none_are_refused_by_name(tmp_path, text):
    (tmp_path / "sscbtool.toml").write_text(f'file_mode = "{text}"\n')
    with pytest.raises(BadConfiguration, match="file_mode"):
        find_workspace(tmp_path, tmp_path)


def test_a_lock_that_is_kept_for_a_run_is_lent_to_one_writer_of_it_at_a_time(tmp_path):
    alone = Sharing()
    with kept(tmp_path, alone):
        for _ in range(2):
            with locked(tmp_path, alone), pytest.raises(StoreBusy), locked(tmp_path, alone):
                pass
        with kept(tmp_path, alone), locked(tmp_path, alone):
            pass
    with locked(tmp_path, alone):
        assert (tmp_path / "holder.json").exists()
    assert names(tmp_path) == ["lock"]


def test_what_a_killed_writer_left_aside_is_swept_by_the_next_of_the_same_file(tmp_path: Path):
    left, fresh, other = (tmp_path / name for name in (".r.json.a1.part", ".r.json.b2.part", ".s.json.c3.part"))
    for each in (left, fresh, other):
        each.write_bytes(b"half")
    for each in (left, other):
        os.utime(each, (0, 0))
    write_new(tmp_path / "r.json", b"{}")
    assert names(tmp_path) == sorted((fresh.name, other.name, "r.json"))
