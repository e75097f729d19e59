"""Re-tagging from lists: only the difference is sent, one call a contact, and there is a way back."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import pytest

from bulk_import import import_file_async, load_mapping, resume_async, retag_async
from bulk_import.cli import main
from bulk_import.errors import MappingError, SettingsError, SetupError, StoppedError
from bulk_import.jobs.retagging import write_plan
from bulk_import.jobs.segments import Segment, load_plan
from bulk_import.jobs.state import State
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.sandbox.faults import Faults
from tests.conftest import Ear, report_of


def _list(write_csv, name, numbers, header="E-mail"):
    return str(
        write_csv([["Nr", header], *[[str(n), f"P{n}@Example.org"] for n in numbers]], name=name)
    )


async def _send(folder, plan, sandbox, settings, which="plan", **options):
    source, mapping = write_plan(folder, plan, **options)
    source, mapping = source.with_stem(which), mapping.with_stem(which)
    run_dir = folder / f"run_{which}"
    return await import_file_async(
        source, load_mapping(mapping), settings(sandbox, run_dir=run_dir)
    )


def test_the_column_with_the_addresses_is_found_by_its_cells(read_members, write_csv):
    members = read_members([_list(write_csv, "a.csv", range(5), header="whatever")])
    assert members.column == "whatever"
    assert members.emails[0] == "p0@example.org"
    with pytest.raises(SetupError, match="which column holds the e-mail address"):
        read_members([str(write_csv([["A", "B"], ["1", "2"]], name="b.csv"))])


async def test_exactly_the_difference_is_sent_and_its_reverse_restores_all(
    plan_retag, tmp_path, write_csv, sandbox, settings
):
    old, new = _list(write_csv, "old.csv", range(300)), _list(write_csv, "new.csv", range(50, 360))
    first = plan_retag({"vip": Segment(source=old, add_tags="vip")})
    (tmp_path / "one").mkdir()
    await _send(tmp_path / "one", first, sandbox, settings)
    before = {contact.email: list(contact.tags) for contact in sandbox.contacts()}
    assert len(before) == 300
    sent = len(sandbox.sent())
    plan = plan_retag({"vip": Segment(source=new, previous=old, add_tags="vip")})
    found = plan.differences["vip"]
    assert (len(found.gains), len(found.loses), found.stays) == (60, 50, 250)
    (tmp_path / "two").mkdir()
    summary = await _send(tmp_path / "two", plan, sandbox, settings)
    assert summary.exit_code == 0
    assert len(sandbox.sent()) - sent == 110
    tagged = {contact.email for contact in sandbox.contacts() if list(contact.tags) == ["vip"]}
    assert tagged == {f"p{n}@example.org" for n in range(50, 360)}
    await _send(tmp_path / "two", plan, sandbox, settings, which="reverse")
    after = {
        contact.email: list(contact.tags)
        for contact in sandbox.contacts()
        if contact.email in before
    }
    assert after == before


async def test_contacts_that_move_between_segments_get_one_call(
    plan_retag, tmp_path, write_csv, sandbox, settings
):
    lists = {name: _list(write_csv, f"{name}.csv", numbers) for name, numbers in
             {"a_old": range(10), "a_new": range(5), "b_old": range(10, 15), "b_new": range(5, 15)}.items()}  # fmt: skip
    path = tmp_path / "plan.yml"
    path.write_text(
        "version: 1\nsegments:\n"
        f"  a: {{source: {lists['a_new']}, previous: {lists['a_old']}, add_tags: [a, both]}}\n"
        f"  b: {{source: {lists['b_new']}, previous: {lists['b_old']}, add_tags: [b, both]}}\n"
    )
    plan = plan_retag(load_plan(path))
    assert set(plan.calls) == {f"p{n}@example.org" for n in range(5, 10)}
    assert plan.calls["p5@example.org"] == {
        "remove_tags": {"a": None},
        "add_tags": {"b": None, "both": None},
    }
    (tmp_path / "run").mkdir()
    summary = await _send(tmp_path / "run", plan, sandbox, settings)
    assert summary.counts[Status.SUCCESS] == len(sandbox.sent()) == 5


async def test_suppressed_people_and_odd_cells_are_accounted_for(
    plan_retag, tmp_path, write_csv, sandbox, settings
):
    source = write_csv(
        [["E-mail"], *[[f"p{n}@example.org"] for n in range(8)], ["not an address"]], name="a.csv"
    )
    never = tmp_path / "never.csv"
    never.write_text("p2@example.org\n")
    plan = plan_retag({"vip": Segment(source=str(source), add_tags="vip")})
    (tmp_path / "run").mkdir()
    summary = await _send(tmp_path / "run", plan, sandbox, settings, suppress=[never])
    assert summary.rows_read == 9
    assert summary.counts[Status.SUPPRESSED] == 1
    assert summary.counts[Status.INVALID] == 1
    assert sandbox.contact("p2@example.org") is None


def test_the_command_line_caps_and_refuses(tmp_path, write_csv, monkeypatch, capsys):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "k")
    monkeypatch.chdir(tmp_path)
    source = _list(write_csv, "a.csv", range(10))
    for arguments, code, text in (
        ([source, "--add-tag", "vip", "--max-contacts", "5"], 3, "10 contacts would be touched"),
        ([source], 2, "give --add-tag"),
        (["--add-tag", "vip"], 2, "name a list"),
        ([source, "--previous", source, "--add-tag", "vip"], 0, "nothing to send"),
        (
            [source, "--add-tag", "vip", "--dry-run", "--run-dir", "dry", "--json"],
            0,
            "10 gain, 0 lose, 0 stay",
        ),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(["retag", *arguments])
        out, err = capsys.readouterr()
        assert exit_.value.code == code, err
        assert text in err
    assert json.loads(out)["counts"]["not_sent"] == 10
    assert f"{Path('dry/plan.csv')}: the plan; reverse.csv beside it takes it back" in err
    assert (tmp_path / "dry" / "reverse.csv").stat().st_mode & 0o777 == 0o600


def test_a_plan_file_says_what_is_wrong(tmp_path):
    path = tmp_path / "p.yml"
    for text, what in (("version: 1\n", "segments"), ("version: 1\nsegments: {a: {source: x}}\n", "no tag and no list"),
                       ("version: 1\nsegments: {a: {sauce: x}}\n", "sauce: not known; did you mean source"),
                       ("version: 1\nsegment: {}\nsegments: {a: {source: x}}\n", "did you mean segments")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(MappingError, match=what):
            load_plan(path)


# -- segments, counted on the server's side --------------------------------------------------------


@pytest.fixture
def job(tmp_path, sandbox, settings):
    """Write a list and retag by it with a state: the addresses that were sent, in order."""
    runs = iter(range(100))

    async def run(rows, *, header="E-mail", account=sandbox, name="new.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
        before = len(account.sent())
        chosen = {"add_tags": ["vip"], "state": tmp_path / "tags.state"} | options
        run.summary = await retag_async(
            path, settings(account, run_dir=tmp_path / f"run{next(runs)}", **run.settings), **chosen
        )
        return [request.email for request in account.sent()[before:]]

    run.settings = {}
    return run


def tagged(sandbox, tag="vip") -> set[str]:
    return {
        contact.email.partition("@")[0] for contact in sandbox.contacts() if tag in contact.tags
    }


def people(*names: str) -> list[str]:
    return [f"{name}@b.org" for name in names]


TEN = [f"p{n}@b.org" for n in range(10)]


async def test_the_state_remembers_only_what_was_accepted(job, sandbox):
    sandbox.script = lambda _number, form: (
        Reply(code=3, text="no") if form["lead_email"] == "p3@b.org" else None
    )
    assert len(await job(TEN)) == 10
    sandbox.script = None

    assert await job(TEN) == ["p3@b.org"]
    assert await job(TEN) == []


async def test_segments_whose_names_begin_alike_are_kept_apart_in_one_state(job, sandbox):
    await job(TEN[:4], segment="vip")
    assert await job(TEN[4:8], segment="vip 2", add_tags=["two"]) == TEN[4:8]
    assert await job(TEN[1:4], segment="vip") == ["p0@b.org"]
    assert await job(TEN[5:8], segment="vip 2", add_tags=["two"]) == ["p4@b.org"]
    assert tagged(sandbox) == {"p1", "p2", "p3"}


@pytest.mark.parametrize(("stays_in", "expected"), [("gold", set()), ("neither", {"member"})])
async def test_a_tag_of_several_segments_stays_with_who_keeps_it_in_one(
    plan_retag, tmp_path, write_csv, sandbox, settings, stays_in, expected
):
    def listed(name: str, members: list[str]) -> str:
        return str(write_csv([["E-mail"], *([one] for one in members)], name=name))

    gold_now = people("eva", "x", "y") if stays_in == "gold" else people("x", "y")
    plan = plan_retag(
        {
            "gold": Segment(
                source=listed("g2.csv", gold_now), previous=listed("g1.csv", people("eva", "x", "y")),
                add_tags=["gold", "member"],
            ),
            "silver": Segment(
                source=listed("s2.csv", people("y")), previous=listed("s1.csv", people("eva", "y")),
                add_tags=["silver", "member"],
            ),
        }
    )  # fmt: skip
    await _send(tmp_path, plan, sandbox, settings)

    removed = set(sandbox.sent()[0].form["remove_tags"].split(","))
    assert [request.email for request in sandbox.sent()] == ["eva@b.org"]
    assert removed & {"member"} == expected
    assert "silver" in removed


async def test_nobody_loses_a_tag_because_a_cell_is_damaged(job, sandbox):
    await job([*TEN, "anna@b.org"])
    sent = await job([*TEN[2:], "annab.org"])  # p0 and p1 left; anna's cell is damaged

    assert sent == people("p0", "p1")
    assert "anna" in tagged(sandbox)
    assert await job([*TEN[2:], "anna@b.org"]) == []


@pytest.mark.parametrize("cell", ["#N/A", "see notes", "?"])
async def test_a_cell_that_may_be_anybody_holds_all_removals(job, sandbox, cell):
    await job(TEN)

    assert await job([*TEN[1:], cell]) == []
    assert "p0" in tagged(sandbox)
    assert await job([*TEN[1:], cell], accept=True) == ["p0@b.org"]
    assert "p0" not in tagged(sandbox)


async def test_an_address_with_a_remark_that_says_no_is_neither_tagged_nor_untagged(job, sandbox):
    await job(TEN)

    assert await job([*TEN[1:], "p0@b.org (unsubscribed)", "new@b.org (bounced)"]) == []
    assert "p0" in tagged(sandbox)


async def test_more_rows_without_an_address_than_before_hold_all_removals(job, sandbox):
    header = "E-mail,Name"
    await job([*(f"{one},x" for one in TEN), ",nobody"], header=header)

    assert await job([*(f"{one},x" for one in TEN[1:]), ",nobody"], header=header) == ["p0@b.org"]
    gone = [*(f"{one},x" for one in TEN[2:]), ",nobody", ",Ann"]
    assert await job(gone, header=header) == []
    assert await job(gone, header=header) == []  # and the next night as well
    assert "p1" in tagged(sandbox)


async def test_two_spellings_are_one_person(job):
    await job(["mona@b\u00fccher.example", "ANNA@b.org", "ben@b.org"])

    assert await job(["Mona@xn--bcher-kva.example", "anna@B.ORG", "ben@b.org"]) == []


async def test_the_brake_stops_before_anything_is_sent(job, sandbox):
    await job(TEN)
    for rows, options in ((TEN[4:], {}), (TEN[1:], {"max_lose": 0.05}), ([], {})):
        before = len(sandbox.sent())
        with pytest.raises(StoppedError, match=r"the brake: .* nothing was sent") as caught:
            await job(rows, **options)
        assert caught.value.exit_code == 3
        assert len(sandbox.sent()) == before

    assert await job(TEN[3:]) == people("p0", "p1", "p2")  # 30 % may leave
    assert len(await job(TEN[8:], accept=True)) == 5


async def test_a_state_belongs_to_one_account(job, settings):
    await job(TEN)
    async with Sandbox() as other:
        with pytest.raises(SetupError, match="each account and job has a state file of its own"):
            await job(TEN, account=other)
        assert other.sent() == []


async def test_a_plan_is_not_written_into_the_folder_of_another_run(
    job, sandbox, settings, tmp_path
):
    await job(TEN)
    folder = Path(job.summary.run_dir)
    before = sorted(folder.iterdir()), (folder / "report.csv").read_bytes()
    with pytest.raises(SetupError) as caught:
        await retag_async(
            tmp_path / "new.csv", settings(sandbox, run_dir=folder), add_tags=["other"]
        )
    assert str(caught.value) == (
        f"{folder}: holds a run already; `bulk-import resume {folder}` continues it, another folder takes a new one"
    )
    assert (sorted(folder.iterdir()), (folder / "report.csv").read_bytes()) == before
    assert len(sandbox.sent()) == 10


async def test_a_state_of_which_nothing_was_accepted_is_still_free(job, sandbox):
    sandbox.script = lambda _number, _form: Reply(code=101, text="no", apply=False)
    assert await job(TEN) == TEN
    async with Sandbox() as other:
        assert await job(TEN, account=other) == TEN
        assert tagged(other) == {f"p{n}" for n in range(10)}
        sandbox.script = None
        with pytest.raises(SetupError, match="each account and job has a state file of its own"):
            await job(TEN)


async def test_what_a_resume_confirms_is_taken_over(job, sandbox, settings, tmp_path):
    job.settings = {"limit": 4}
    await job(TEN)
    stopped = job.summary
    job.settings = {}
    await resume_async(stopped.run_dir, settings(sandbox, run_dir=None))
    assert len(sandbox.sent()) == 10

    assert await job(TEN) == []
    assert await job(TEN[2:]) == people("p0", "p1")
    assert tagged(sandbox) == {f"p{n}" for n in range(2, 10)}


async def test_what_a_run_confirmed_that_never_came_to_its_end_is_taken_over(
    job, sandbox, monkeypatch
):
    from bulk_import.run import ending

    def killed(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ending, "write_reports", killed)  # the answers are in the journal by then
        with pytest.raises(KeyboardInterrupt):
            await job(TEN)
    assert len(sandbox.sent()) == 10

    assert await job(TEN[1:]) == ["p0@b.org"]


async def test_what_an_earlier_version_left_to_take_over_is_taken_over(job, sandbox, tmp_path):
    """It wrote who comes and who leaves as JSON."""
    await job(TEN)
    moves = {"segment": {"gains": TEN, "loses": [], "blanks": 0}}
    (tmp_path / "run0" / "segments.csv").unlink()
    (tmp_path / "run0" / "segments.json").write_text(json.dumps(moves), "utf-8")
    with State.open(tmp_path / "tags.state") as state:
        state.forget([f"segment\t{one}" for one in TEN])
        state.put(retag_runs=json.dumps([[str(tmp_path / "run0"), ""]]))

    assert await job(TEN[1:]) == ["p0@b.org"]


async def test_a_comparison_that_is_cancelled_leaves_nothing(
    job, tmp_path, monkeypatch, write_csv, settings, sandbox
):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    path = write_csv([["E-mail"], *([f"p{n}@b.org"] for n in range(5000))], name="many.csv")
    work = asyncio.create_task(
        retag_async(path, settings(sandbox), add_tags=["vip"], state=tmp_path / "s.state")
    )
    while not list(folder.rglob("scratch.sqlite3")):
        await asyncio.sleep(0.001)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list(folder.rglob("*")) == []
    assert sandbox.sent() == []


async def test_a_lost_answer_is_not_remembered(job, sandbox):
    job.settings = {"max_attempts": 1}
    sandbox.use(Faults(lost=1.0))
    await job(TEN[:1])
    sandbox.use(Faults())

    assert await job(TEN[:1]) == ["p0@b.org"]


def test_a_tag_with_a_comma_is_refused(write_csv):
    with pytest.raises(SettingsError, match=r"add_tags: TAG_COMMA: 'VIP, gold' has a comma in it"):
        Segment.made(source=["x.csv"], add_tags=["VIP, gold"])


async def test_a_segment_that_differs_by_case_is_refused_where_nobody_is_asked(job):
    await job(TEN, segment="VIP")

    with pytest.raises(SetupError, match="has no such segment, but 'VIP'"):
        await job(TEN, segment="vip")


async def test_the_salespersons_addresses_are_never_the_segment(job, sandbox):
    rows = [f"sales@firm.example,{one}" for one in TEN]

    assert await job(rows, header="Owner Email,E-mail") == TEN
    assert await job(rows[1:], header="Owner Email,E-mail") == ["p0@b.org"]
    assert sandbox.contact("sales@firm.example") is None


async def test_several_columns_are_a_refusal_that_names_them_and_column_decides(job, sandbox):
    rows = [f"{one},x{one}" for one in TEN]
    header = "Work e-mail,Home e-mail"

    with pytest.raises(SetupError, match=r"'Work e-mail'.*'Home e-mail'.*name it with --column"):
        await job(rows, header=header)
    assert sandbox.sent() == []
    assert await job(rows, header=header, column="work E-MAIL") == TEN


def test_sheet_and_column_are_read_and_named(read_members, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["E-mail"])
    book.active.append(["old@b.org"])
    book.create_sheet("Members").append(["Mail"])
    book["Members"].append(["new@b.org"])
    book["Members"].append(["nonsense"])
    book.save(tmp_path / "vip.xlsx")

    members = read_members([str(tmp_path / "vip.xlsx")], sheet="Members")

    assert members.emails == ("new@b.org",)
    assert members.read == (f"{tmp_path / 'vip.xlsx'}: sheet 'Members', column 'Mail'",)
    assert [str(doubt) for doubt in members.doubts] == [
        f"{tmp_path / 'vip.xlsx'} sheet 'Members' row 3 'nonsense'"
    ]


def _workbook(path, **sheets):
    """A workbook with these sheets, each with its lines."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return str(path)


def test_people_on_a_sheet_whose_name_says_no_are_left_alone_and_named(read_members, tmp_path):
    path = _workbook(
        tmp_path / "vip.xlsx",
        Active=[["E-mail"], ["a@b.org"], ["B@b.org"], ["c@b.org"]],
        Unsubscribed=[
            ["Owner email", "Work e-mail", "Home e-mail"],
            ["sales@firm.org", "b@b.org", "bee@home.org"],
            ["sales@firm.org", "", "x@@y"],
            ["sales@firm.org", "", ""],
        ],
        Bounced=[],
    )

    members = read_members([path])
    assert members.read == (
        f"{path}: sheet 'Active', column 'E-mail'",
        f"{path}: sheet 'Unsubscribed', whose name says no: 2 addresses, left alone",
        f"{path}: sheet 'Bounced', whose name says no: 0 addresses, left alone",
    )
    assert members.emails == ("a@b.org", "c@b.org")
    assert [(str(one), one.candidates) for one in members.doubts] == [
        (f"{path} sheet 'Unsubscribed' row 2 'b@b.org' (the sheet's name says no)", ("b@b.org",)),
        (f"{path} sheet 'Unsubscribed' row 2 'bee@home.org' (the sheet's name says no)", ("bee@home.org",)),
        (f"{path} sheet 'Unsubscribed' row 3 'x@@y'", ()),
    ]  # fmt: skip

    told = read_members([path], ignore_consent=True)
    assert told.read == (
        f"{path}: sheet 'Active', column 'E-mail'; sheet 'Unsubscribed', whose name says no, "
        "is not read; it keeps nobody back by itself; sheet 'Bounced', whose name says no, is not "
        "read; it keeps nobody back by itself",
    )
    assert told.emails == ("a@b.org", "b@b.org", "c@b.org")


async def test_nobody_on_a_sheet_whose_name_says_no_is_tagged_or_untagged_in_any_segment(
    write_csv, sandbox, settings, tmp_path, plan_retag
):
    old = str(
        write_csv([["E-mail"], *([one] for one in people("no", "k", "l", "m"))], name="o.csv")
    )
    new = _workbook(
        tmp_path / "new.xlsx",
        Active=[["E-mail"], *([one] for one in people("k", "l", "m", "no2", "new"))],
        Отписались=[["E-mail"], ["no@b.org"], ["NO2@b.org"]],
    )
    other = str(write_csv([["E-mail"], ["no@b.org"], ["d@b.org"]], name="all.csv"))
    plan = plan_retag(
        {
            "vip": Segment.made(source=new, previous=old, add_tags="vip"),
            "all": Segment.made(source=other, add_tags="all"),
        }
    )
    assert (plan.differences["vip"].gains, plan.differences["vip"].loses) == (["new@b.org"], [])

    await _send(tmp_path, plan, sandbox, settings)

    assert sorted(r.email for r in sandbox.sent()) == ["d@b.org", "new@b.org"]
    skipped = [(r["source"], r["sheet"], r["row"]) for r in report_of(tmp_path / "run_plan")
               if r["status"] == "skipped" and r["source"] == new]  # fmt: skip
    assert skipped == [(new, "Отписались", "2"), (new, "Отписались", "3")]


async def test_a_list_that_is_nothing_but_such_a_sheet_is_refused(tmp_path, sandbox, settings):
    path = _workbook(tmp_path / "no.xlsx", Unsubscribed=[["E-mail"], ["a@b.org"], ["b@b.org"]])
    with pytest.raises(StoppedError) as caught:
        await retag_async(path, settings(sandbox), add_tags=["vip"])
    assert str(caught.value) == (
        f"the brake: everybody on the new list of 'segment' says no, such as {path} sheet "
        "'Unsubscribed' row 2 'a@b.org' (the sheet's name says no); nothing was sent "
        "(--ignore-consent takes them anyway)"
    )
    assert sandbox.sent() == []
    summary = await retag_async(path, settings(sandbox), remove_tags=["vip"], ignore_consent=True)
    assert summary.counts[Status.SUCCESS] == len(sandbox.sent()) == 2


def test_an_empty_list_is_no_list_of_nobody(read_members, tmp_path, write_csv):
    (tmp_path / "empty.csv").write_text("", "utf-8")

    assert read_members([str(tmp_path / "empty.csv")]).emails == ()
    assert read_members([str(write_csv([["E-mail"]], name="header.csv"))]).emails == ()


@pytest.mark.parametrize(
    ("lines", "people", "doubts"),
    [
        ("a@x.org\nb@x.org\nc@x.org\n", ["a@x.org", "b@x.org", "c@x.org"], []),
        ("a@x.org\n", ["a@x.org"], []),
        ("anna@example\nb@x.org\nc@x.org\n", ["b@x.org", "c@x.org"], ["anna@example"]),
        ("a@x.org\nb@x.org\nno address\nc@x.org\n", ["a@x.org", "b@x.org", "c@x.org"], ["no address"]),
        ("Ann <a@x.org>\nBo <b@x.org>\n", ["a@x.org", "b@x.org"], []),
        ("a@x.org;Ann;7\nb@x.org;Bo;8\n", ["a@x.org", "b@x.org"], []),
        ("E-mail\na@x.org\n", ["a@x.org"], []),
        ("shop@x.org\nE-mail;Name\na@x.org;Ann\nb@x.org;Bo\n", ["a@x.org", "b@x.org"], []),
    ],
)  # fmt: skip
def test_the_first_line_of_a_list_without_a_header_is_a_person(
    read_members, tmp_path, lines, people, doubts
):
    path = tmp_path / "list.txt"
    path.write_text(lines, "utf-8")
    members = read_members([str(path)])
    assert (list(members.emails), [doubt.text for doubt in members.doubts]) == (people, doubts)


def test_that_a_list_has_no_header_is_said_aloud(read_members, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a@x.org\nb@x.org\n", "utf-8")
    said = f"{path}: column 'Column A' (no header: the first line is an address too)"
    assert read_members([str(path)]).read == (said,)
    path.write_text("E-mail\nb@x.org\n", "utf-8")
    assert read_members([str(path)]).read == (f"{path}: column 'E-mail'",)


def test_an_address_above_what_may_be_the_header_is_asked_about(read_members, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("shop@x.org\nE-mail\na@x.org\nb@x.org\n", "utf-8")
    with pytest.raises(SetupError, match="row 1 is an address, and row 2 is none"):
        read_members([str(path)])


def test_a_workbook_without_a_header_is_a_list_of_people_too(read_members, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for address in ("a@x.org", "b@x.org"):
        book.active.append([address])
    book.save(tmp_path / "list.xlsx")
    assert read_members([str(tmp_path / "list.xlsx")]).emails == ("a@x.org", "b@x.org")


async def test_half_characters_in_a_list_are_doubtful_cells_and_no_crash(
    tmp_path, sandbox, settings
):
    path = tmp_path / "list.json"
    lines = [{"E-mail": "a@b.org", "Unsubscribed": ""}, {"E-mail": "x\ud83d@b.org", "Unsubscribed": ""},
             {"E-mail": "c@b.org", "Unsubscribed": "yes \ud83d"}]  # fmt: skip
    path.write_text(json.dumps(lines), "utf-8")
    run_dir = tmp_path / "run"

    await retag_async(path, settings(sandbox, run_dir=run_dir), add_tags=["vip"])

    assert [request.email for request in sandbox.sent()] == ["a@b.org"]
    told = {r["row"]: (r["status"], r["message"]) for r in report_of(run_dir)}
    assert told["3"] == ("skipped", "said_no: \"Unsubscribed: 'yes \\\\ud83d'\" (only: said no)")
    assert [status for status, _ in told.values()] == ["success", "invalid", "skipped"]


async def test_the_rows_of_reports_are_those_of_the_users_lists(
    tmp_path, write_csv, sandbox, settings, capsys
):
    """Who reads the report looks the person up in the file that was given, not in the plan."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Gold"
    for line in [["E-mail"], ["a@b.org"], [None], ["nobody(at)"], ["out@b.org"], ["new@b.org"]]:
        book.active.append(line)
    new = tmp_path / "new.xlsx"
    book.save(new)
    old = write_csv([["E-mail"], ["x@b.org"], ["a@b.org"], ["gone@b.org"]], name="old.csv")
    out = write_csv([["E-mail"], ["out@b.org"]], name="out.csv")
    run_dir = tmp_path / "run"
    sandbox.script = lambda number, form: (
        Reply(4, "incorrect hash") if form["lead_email"] == "gone@b.org" else None
    )

    await retag_async(
        str(new), settings(sandbox, run_dir=run_dir, concurrency=1), previous=str(old),
        add_tags=["vip"], suppress=[out], accept=True,
    )  # fmt: skip
    sandbox.script = None
    await resume_async(run_dir, settings(sandbox))

    told = [
        (r["source"], r["sheet"], r["row"], r["contact"], r["status"]) for r in report_of(run_dir)
    ]
    assert sorted(told) == sorted([
        (str(old), "", "4", "gone@b.org", "success"),
        (str(old), "", "2", "x@b.org", "success"),
        (str(new), "Gold", "5", "out@b.org", "suppressed"),
        (str(new), "Gold", "6", "new@b.org", "success"),
        (str(new), "Gold", "4", "", "invalid"),
    ])  # fmt: skip
    rejects = (run_dir / "rejects.csv").read_text("utf-8-sig")
    assert f"nobody(at),,,{new},Gold,4" in rejects
    assert f">{new}<" in (run_dir / "report.html").read_text("utf-8")
    with pytest.raises(SystemExit):
        main(["explain", str(run_dir), "--row", "4", "--source", "old.csv"])
    assert f"{old}, row 4: gone@b.org" in capsys.readouterr().out


async def test_who_is_known_from_the_state_alone_has_the_row_of_the_plan(job):
    await job(["a@b.org", "b@b.org"])
    await job(["a@b.org"], accept=True)
    run_dir = Path(job.summary.run_dir)
    assert [(line["source"], line["contact"]) for line in report_of(run_dir)] == [
        (str(run_dir / "plan.csv"), "b@b.org")
    ]


PEOPLE = [["E-mail", "Unsubscribed"], ["a@b.org", ""], ["no@b.org", "yes"], ["c@b.org", "no"]]


@pytest.mark.parametrize("accept", [False, True])
async def test_who_says_no_in_a_column_of_the_list_is_neither_tagged_nor_untagged(
    write_csv, sandbox, settings, tmp_path, accept
):
    """Retag has no mapping with rules: the columns of consent speak for themselves."""
    old = write_csv(
        [["E-mail"], ["no@b.org"], ["a@b.org"], ["x@b.org"], ["y@b.org"]], name="old.csv"
    )
    new = write_csv([*PEOPLE, ["x@b.org", ""], ["y@b.org", ""]], name="new.csv")
    run_dir = tmp_path / "r"

    await retag_async(
        str(new),
        settings(sandbox, run_dir=run_dir),
        previous=str(old),
        add_tags=["vip"],
        accept=accept,
    )
    await resume_async(run_dir, settings(sandbox))

    assert [(r.email, r.form.get("add_tags")) for r in sandbox.sent()] == [("c@b.org", "vip")]
    told = [(r["row"], r["contact"], r["status"], r["message"]) for r in report_of(run_dir)]
    assert told == [
        ("4", "c@b.org", "success", ""),
        ("3", "no@b.org", "skipped", "said_no: \"Unsubscribed: 'yes'\" (only: said no)"),
    ]


def test_who_says_no_in_a_column_of_the_list_is_said_aloud(write_csv, tmp_path, capsys):
    new = write_csv(PEOPLE, name="new.csv")
    with pytest.raises(SystemExit):
        main(["retag", str(new), "--add-tag", "vip", "--dry-run", "--run-dir", str(tmp_path / "dry"),
              "--accept", "--account", "shop"])  # fmt: skip
    assert (
        f"left alone, because the row says no (1): {new} row 3 'no@b.org' (Unsubscribed: 'yes')"
        in (capsys.readouterr().err)
    )


async def test_a_remark_that_says_no_is_respected_like_a_column_of_consent(
    write_csv, sandbox, settings, tmp_path
):
    new = write_csv(
        [["E-mail", "Notes"], ["no@b.org", "Asked us not to be e-mailed"], ["a@b.org", "VIP"]], name="n.csv"
    )  # fmt: skip
    run_dir = tmp_path / "r"

    await retag_async(str(new), settings(sandbox, run_dir=run_dir), add_tags=["vip"], accept=True)

    assert [r.email for r in sandbox.sent()] == ["a@b.org"]
    assert [(r["contact"], r["status"]) for r in report_of(run_dir)] == [
        ("a@b.org", "success"), ("no@b.org", "skipped"),
    ]  # fmt: skip


async def test_another_segment_does_not_tag_who_says_no_in_one(
    plan_retag, write_csv, sandbox, settings, tmp_path
):
    lists = {
        "vip": str(write_csv(PEOPLE, name="vip.csv")),
        "all": str(write_csv([["E-mail"], ["no@b.org"], ["d@b.org"]], name="all.csv")),
    }
    segments = {name: Segment.made(source=path, add_tags=name) for name, path in lists.items()}
    plan = plan_retag(segments)
    assert (plan.differences["all"].gains, len(plan.calls)) == (["d@b.org"], 3)
    await _send(tmp_path, plan, sandbox, settings)
    assert sorted(r.email for r in sandbox.sent()) == ["a@b.org", "c@b.org", "d@b.org"]
    await _send(tmp_path, plan, sandbox, settings, which="reverse")
    assert "no@b.org" not in {r.email for r in sandbox.sent()}


async def test_consent_is_ignored_on_request_alone(write_csv, sandbox, settings, tmp_path):
    new = str(write_csv(PEOPLE, name="new.csv"))
    await retag_async(
        new,
        settings(sandbox, run_dir=tmp_path / "r"),
        add_tags=["vip"],
        ignore_consent=True,
        accept=True,
    )
    assert sorted(r.email for r in sandbox.sent()) == ["a@b.org", "c@b.org", "no@b.org"]


async def test_a_rehearsal_with_a_state_notes_nothing_in_it(job, sandbox, tmp_path):
    job.settings = {"dry_run": True}
    ear = Ear()
    assert await job(TEN, progress=ear) == []
    assert f"{tmp_path / 'run0' / 'plan.csv'}: the plan; reverse.csv beside it takes it back" in ear.told  # fmt: skip
    with State.open(tmp_path / "tags.state") as state:
        assert (state.get("retag_runs"), state.get("blanks"), state.is_empty) == ("[]", "", True)


async def test_the_last_twenty_runs_are_looked_at_for_what_they_have_confirmed_since(job, tmp_path):
    await job(TEN)
    folders = [tmp_path / f"earlier{n}" for n in range(22)]
    for folder in folders:
        shutil.copytree(tmp_path / "run0", folder)
    with State.open(tmp_path / "tags.state") as state:
        state.put(retag_runs=json.dumps([[str(folder), "10"] for folder in folders]))
    assert await job([*TEN, "new@b.org"]) == ["new@b.org"]
    with State.open(tmp_path / "tags.state") as state:
        runs = state.get_json("retag_runs")
    assert runs == [
        *([str(folder), "10"] for folder in folders[-19:]),
        [str(tmp_path / "run1"), "1"],
    ]


def test_the_command_names_whom_a_suppression_list_keeps_back(
    tmp_path, write_csv, capsys, monkeypatch
):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "x")
    new = write_csv([["E-mail"], ["a@b.org"], ["out@b.org"]], name="new.csv")
    out = write_csv([["E-mail"], ["OUT@b.org"], ["other@b.org"]], name="out.csv")
    with pytest.raises(SystemExit):
        main(["retag", str(new), "--add-tag", "vip", "--suppress", str(out), "--dry-run",
              "--account", "shop", "--no-preflight", "--run-dir", str(tmp_path / "dry")])  # fmt: skip
    assert "of these, on a suppression list and not written to (1): out@b.org" in (
        capsys.readouterr().err
    )


def test_who_says_no_under_no_heading_of_the_list_gains_nothing(plan_retag, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for line in [["E-mail"], ["a@b.org", "subscribed"], ["no@b.org", "unsubscribed"]]:
        book.active.append(line)
    book.save(tmp_path / "new.xlsx")
    segment = Segment.made(source=(str(tmp_path / "new.xlsx"),), add_tags=("vip",))
    with plan_retag({"segment": segment}) as plan:
        found = plan.differences["segment"]
        assert list(found.gains) == ["a@b.org"]
        assert [doubt.text for doubt in found.said_no] == ["no@b.org"]
        assert "'unsubscribed'" in str(found.said_no[0])
