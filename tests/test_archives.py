"""Files within files: what is unpacked, what is asked about, and whole exports whose other files hold people who said no."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source, read_rows, sheet_names
from bulk_import.sources.container import kind_of, regular_file
from bulk_import.sources.exports import WholeExport, address_column, export_in, whole_export
from bulk_import.sources.kept import forget, keep, kept, may_be_archive
from bulk_import.sources.unpacking import Unpacking

TABLE = b"A,B\n1,2\n"
PACKERS = [gzip.compress, bz2.compress, lzma.compress]
AUDIENCE = {
    "subscribed_members_export_1.csv": b"Email Address,First Name\nann@b.org,Ann\n",
    "unsubscribed_members_export_1.csv": b"Email Address,First Name\nben@b.org,Ben\n",
    "cleaned_members_export_1.csv": b"E-mail,First Name\ncid@b.org,Cid\n",
    "nonsubscribed_members_export_1.csv": b"Email Address\ndee@b.org\n",
}


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.zip"


def cells(path: Path | str, **options: object) -> list[list[str]]:
    return [[*row.cells.values()] for row in read_rows(path, **options)]


def refusal(path: Path | str, member: str | None = None, **options: object) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught, regular_file(str(path), member, **options):  # type: ignore[arg-type]
        pass
    return caught.value.code, str(caught.value)


# -- packed files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", PACKERS, ids=["gzip", "bzip2", "xz"])
def test_a_packed_file_is_read_from_a_private_copy_that_does_not_stay(tmp_path, pack):
    path = tmp_path / "a.csv"
    path.write_bytes(pack(TABLE))
    with regular_file(str(path), None) as unpacked:
        assert unpacked != path
        assert unpacked.read_bytes() == TABLE
        assert unpacked.stat().st_mode & 0o777 == 0o600
        assert unpacked.parent.stat().st_mode & 0o777 == 0o700
    assert not unpacked.exists()
    assert cells(path) == [["1", "2"]]


@pytest.mark.parametrize("pack", PACKERS, ids=["gzip", "bzip2", "xz"])
def test_a_packed_file_that_breaks_off_is_named(tmp_path, pack):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(pack(TABLE * 50)[:-6])
    code, said = refusal(path)
    assert code == "SOURCE_BROKEN"
    assert said.startswith(f"{path}: cannot be unpacked: ")


def test_what_unpacks_to_too_much_is_refused_with_both_sizes(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x" * 1000))
    size = path.stat().st_size
    assert refusal(path, limits=Unpacking(999, 1000)) == (
        "SOURCE_BOMB",
        f"{path}: {size} bytes unpack to more than 1,000: this looks like a bomb, not a spreadsheet",
    )


# -- archives ----------------------------------------------------------------------------------------


def test_the_only_file_of_an_archive_is_read_without_those_of_macos(file):
    zipped(
        file,
        **{
            "folder/": b"",
            "folder/a.csv": TABLE,
            "__MACOSX/folder/._a.csv": b"x",
            "folder/.DS_Store": b"x",
        },
    )
    assert cells(file) == [["1", "2"]]
    assert cells(file, member="folder/a.csv") == [["1", "2"]]


def test_of_several_files_one_must_be_named(file):
    files = {f"{n}.csv": TABLE for n in range(11)}
    zipped(file, **files)
    shown = ", ".join(list(files)[:10])
    said = (
        "ARCHIVE_SEVERAL",
        f"{file}: the archive holds 11 files ({shown}); name one by source: member: in the mapping",
    )
    assert refusal(file) == said
    assert refusal(file, "x.csv") == said
    assert cells(file, member="7.csv") == [["1", "2"]]


def test_a_file_that_is_there_twice_is_asked_about(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", TABLE)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", b"A,B\n3,4\n")
    assert refusal(file)[0] == refusal(file, "a.csv")[0] == "ARCHIVE_SEVERAL"


def test_an_archive_of_nothing_is_empty(file):
    for files in ({}, {"folder/": b""}, {"__MACOSX/a.csv": TABLE}):
        zipped(file, **files)
        assert refusal(file) == ("SOURCE_EMPTY", f"{file}: the archive is empty")


def test_a_file_with_a_password_is_named(file):
    raw = bytearray(zipped(file, **{"a.csv": TABLE}).read_bytes())
    raw[6] |= 1  # of the file, and of the list at the end
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(raw))
    assert refusal(file) == ("SOURCE_ENCRYPTED", f"{file}: the archive is protected by a password")


def test_a_damaged_archive_is_named(file):
    raw = zipped(file, **{"a.csv": TABLE * 100}).read_bytes()
    file.write_bytes(raw[:-30])
    code, said = refusal(file)
    assert code == "SOURCE_BROKEN"
    assert said.startswith(f"{file}: the file is damaged or incomplete (")
    assert said.endswith("); download or save it again")


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (
            ["mimetype", "a.iwa"],
            "a document of Apple's iWork; in Numbers, export it as Excel or CSV",
        ),
        (
            ["Index/Document.iwa"],
            "a document of Apple's iWork; in Numbers, export it as Excel or CSV",
        ),
        (["mimetype"], "an archive without a spreadsheet"),
    ],
)
def test_an_archive_that_is_a_document_is_not_unpacked_and_called_by_its_name(file, files, what):
    zipped(file, **dict.fromkeys(files, b"x"))
    with regular_file(str(file), None) as found:
        assert found == file
    with pytest.raises(SourceError) as caught:
        kind_of(file, "a.zip")
    assert (caught.value.code, str(caught.value)) == ("SOURCE_NOT_TABLE", f"a.zip: this is {what}")


def test_a_document_of_another_office_program_is_called_by_its_name(file):
    text = b"application/vnd.oasis.opendocument.text"
    zipped(file, **{"mimetype": text, "content.xml": b"<x/>"})
    with pytest.raises(SourceError) as caught:
        kind_of(file, "a")
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_NOT_TABLE",
        "a: this is an OpenDocument text or drawing, not a spreadsheet",
    )
    for kind in (text.replace(b"text", b"spreadsheet"), b"something else"):
        zipped(file, **{"mimetype": kind, "content.xml": b"<x/>"})
        assert kind_of(file, "a") == "ods"


# -- standard input ----------------------------------------------------------------------------------


def test_standard_input_is_copied_and_has_no_sheets(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE * 2)))
    with open_source("-") as source:
        assert (source.name, [row.number for row in source]) == ("-", [2, 3, 4])
    assert sheet_names("-") == []


def test_a_standard_input_that_cannot_be_read_is_said(monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Broken()))
    assert refusal("-") == (
        "SOURCE_UNREADABLE",
        "-: standard input cannot be read: Input/output error",
    )
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == ("SOURCE_UNREADABLE", "-: standard input is closed")


# -- whole exports -----------------------------------------------------------------------------------


def test_the_roles_of_the_files_of_an_export_are_in_their_names():
    names = [f"folder/My_list-{kind}-x.csv" for kind in ("Subscribed", "cleaned", "non-subscribed")]
    found = whole_export([*names, "unsubscribed_1.CSV"])
    assert found == WholeExport(names[0], (names[1], "unsubscribed_1.CSV"), (names[2],))
    assert str(found) == (
        f"{names[0]} is read; {names[1]} and unsubscribed_1.CSV hold people who are never sent; "
        f"not read: {names[2]}"
    )
    alone = whole_export(["subscribed_1.csv", "nonsubscribed_1.csv"])
    assert str(alone) == "subscribed_1.csv is read; not read: nonsubscribed_1.csv"


@pytest.mark.parametrize(
    "names",
    [
        [], ["subscribed_1.csv"], ["unsubscribed_1.csv", "cleaned_1.csv"], ["subscribed_1.csv", "subscribed_2.csv", "cleaned_1.csv"], ["subscribed_1.csv", "cleaned_1.csv", "x.csv"],
        ["subscribed.csv", "cleaned.csv"], ["subscribed_1.xlsx", "cleaned_1.csv"], [f"{'x' * 41}_subscribed_1.csv", "cleaned_1.csv"],
    ],
)  # fmt: skip
def test_other_archives_are_no_exports(names):
    assert whole_export(names) is None


def test_a_name_of_forty_letters_may_stand_in_front():
    assert whole_export([f"{'x' * 40}_subscribed_1.csv", "cleaned_1.csv"]) is not None


def test_an_export_is_read_as_one_only_if_that_may_be_and_no_file_is_named(file):
    zipped(file, **AUDIENCE)
    assert refusal(file)[0] == "ARCHIVE_SEVERAL"
    with open_source(file, SourceOptions(may_take_subscribed=True)) as source:
        assert [row.cells["First Name"] for row in source] == ["Ann"]
    (problem,) = source.problems
    assert (problem.code, problem.is_error) == ("ARCHIVE_EXPORT", False)
    assert problem.message == f"a whole export: {export_in(str(file))}"
    with open_source(
        file, SourceOptions(may_take_subscribed=True, member=list(AUDIENCE)[1])
    ) as source:
        assert [row.cells["First Name"] for row in source] == ["Ben"]
    assert source.problems == []


def test_what_is_no_archive_here_is_no_export(tmp_path, file):
    zipped(file, **AUDIENCE)
    assert export_in(str(file)) == whole_export(AUDIENCE)
    (tmp_path / "a.csv").write_bytes(TABLE)
    (tmp_path / "b.zip").write_bytes(file.read_bytes()[:-30])
    for name in (tmp_path / "a.csv", tmp_path / "b.zip", tmp_path, tmp_path / "x.zip"):
        assert export_in(str(name)) is None
    assert export_in("https://x.org/a.zip") is None


def test_the_column_of_the_addresses_is_known_by_its_name(file):
    zipped(file, **AUDIENCE, **{"later_1.csv": b"A\nEmail Address\n"})
    subscribed, _, cleaned, _ = AUDIENCE
    assert address_column(str(file), subscribed) == "Email Address"
    assert address_column(str(file), cleaned) == ""
    assert address_column(str(file), "later_1.csv") == ""
    file.write_bytes(file.read_bytes()[:-30])
    assert address_column(str(file), subscribed) == ""


# -- copies of archives from elsewhere ---------------------------------------------------------------


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address of which a copy may be kept, in a folder of this test alone."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setenv("BULK_IMPORT_KEPT", str(folder))
    yield "memory://lists/audience.zip"
    forget()


def test_only_remote_archives_may_be_fetched_to_look_inside():
    assert may_be_archive("https://x.org/a.ZIP?token=1")
    assert not may_be_archive("https://x.org/a.csv?b=.zip")
    assert not may_be_archive("/data/a.zip")


def test_nothing_is_kept_before_something_was_fetched(far, tmp_path, monkeypatch):
    assert kept(far) is None
    forget(far)
    monkeypatch.delenv("BULK_IMPORT_KEPT")
    assert kept(far) is None
    forget()


def test_forgetting_deletes_copies_and_leaves_what_else_is_in_the_folder(far, tmp_path):
    folder = tmp_path / "kept"
    (folder / "in use").write_bytes(b"")
    for name in ("one", "two"):
        (folder / f"{name}.copy").write_bytes(b"x")
    forget("https://x.org/other.zip")
    assert len(list(folder.iterdir())) == 3
    forget()
    assert [path.name for path in folder.iterdir()] == ["in use"]


def test_a_later_copy_replaces_the_earlier_one(far, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/lists/audience.zip", b"first")
    memory.pipe("/lists/other.zip", b"other")
    copy = keep(far)
    assert (copy.parent, copy.read_bytes(), kept(far)) == (tmp_path / "kept", b"first", copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    memory.pipe("/lists/audience.zip", b"second")
    assert keep(far).read_bytes() == b"second"
    other = keep("memory://lists/other.zip")
    assert set(copy.parent.iterdir()) == {copy, other}
    forget(far)
    assert (kept(far), kept("memory://lists/other.zip")) == (None, other)


KEEPING = """
import fsspec
from bulk_import.sources.kept import keep
fsspec.filesystem("memory").pipe("/a.zip", b"people")
copy = keep("memory://a.zip")
print(copy, copy.read_bytes().decode(), oct(copy.parent.stat().st_mode & 0o777))
"""


def test_no_copy_outlives_its_process(monkeypatch):
    monkeypatch.delenv("BULK_IMPORT_KEPT", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", KEEPING], capture_output=True, text=True, check=True
    )
    path, content, mode = done.stdout.split()
    assert (content, mode) == ("people", "0o700")
    assert not Path(path).parent.exists()
