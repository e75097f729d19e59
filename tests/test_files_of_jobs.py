"""The file of jobs: what each mistake says and where, what wins over what, and the table of how the jobs ended."""

from __future__ import annotations

import json

import pytest

from bulk_import.errors import MappingError, SettingsError, StorageError
from bulk_import.jobs.fleet.folder import JobFolder
from bulk_import.jobs.fleet.outcome import FleetSummary, JobEnd, as_text
from bulk_import.jobs.fleet.places import Places
from bulk_import.jobs.fleet.plan import Fleet, Job, load_fleet
from bulk_import.journal import Journal
from bulk_import.models import Status

BASE = {"kind": "run", "account": "s", "source": "a.csv", "mapping": "m.yml", "key_env": "K"}


@pytest.fixture
def load(tmp_path):
    """Read a file of jobs with these contents, or this text."""

    def read(jobs: object = None, *, text: str = "", **more: object) -> Fleet:
        path = tmp_path / "jobs.yml"
        path.write_text(text or json.dumps({"version": 1, **more, "jobs": jobs}), "utf-8")
        return load_fleet(path)

    return read


def one(load, **changes: object) -> Job:
    """The job of a file with these settings; ``None`` takes one away."""
    job = {key: value for key, value in (BASE | changes).items() if value is not None}
    return load({"a": job}).jobs[0]


def refused(load, **changes: object) -> str:
    with pytest.raises(MappingError) as caught:
        one(load, **changes)
    return str(caught.value).partition("jobs.a")[2]


# -- mistakes --------------------------------------------------------------------------------------------

ACCOUNT = ": give one of profile (a name), account (a login), endpoint (an address)"
KEYS = ": give one of key_file (a file that holds the API key alone) and key_env (the variable that holds it)"  # fmt: skip
RETAG = {"kind": "retag", "mapping": None}
EITHER = ": retag: give source and tags or lists, or segments (a plan file)"
TAGS = ": retag: give add_tags, remove_tags, add_to_lists, remove_from_lists, or segments (a plan file)"  # fmt: skip
MISTAKES = [
    ({"account": None}, ACCOUNT),
    ({"endpoint": "https://x.org"}, ACCOUNT),
    ({"profile": "p"}, ACCOUNT),
    ({"key_env": None}, KEYS),
    ({"key_file": "k"}, KEYS),
    ({"account": None, "profile": "p"}, ": the profile says where the key is: api_key_file or api_key_env"),
    ({"mapping": None}, ": run: give mapping (a file)"),
    ({"mapping": None, "kind": "sync"}, ": sync: give mapping (a file)"),
    ({"source": []}, ": run: give source (a file, or several)"),
    ({"source": ["a.csv", "-"]}, ": source: a job reads files, not standard input"),
    ({"add_tags": ["x"]}, ": add_tags: only for retag; a mapping says it otherwise"),
    ({"segments": "p.yml", "column": "E"}, ": segments, column: only for retag; a mapping says it otherwise"),
    ({"sheet": "S", "kind": "sync"}, ": sheet: only for run and retag; the mapping's source says it for sync"),
    (RETAG | {"mapping": "m.yml", "add_tags": ["x"]}, ": retag has no mapping: it finds the column with the addresses"),
    (RETAG | {"segments": "p.yml"}, EITHER),
    (RETAG | {"source": [], "add_tags": ["x"]}, EITHER),
    (RETAG | {"source": [], "segments": "p.yml", "add_tags": ["x"]}, TAGS),
    (RETAG, TAGS),
    ({"options": {"yes": None}}, ".options: yes: the fleet sets this itself; leave it out"),
    ({"options": {"--run_dir": "x", "state": "y"}}, ".options: run-dir, state: the fleet sets this itself; leave it out"),
    ({"rate": "fast"}, ".rate: must be a number"),
    ({"endpoint": "http://x.org", "account": None}, ".endpoint: "),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), MISTAKES, ids=[said + str(of) for of, said in MISTAKES])  # fmt: skip
def test_a_job_that_cannot_be_run_is_refused_with_what_would_work(load, changes, said):
    assert refused(load, **changes).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\njobs: [a]\n", "2:1: jobs: a file of jobs has `version: 1` and `jobs:`, name -> job"),
        ("version: 1\njobs: {}\n", "2:1: jobs: a file of jobs has `version: 1` and `jobs:`, name -> job"),
        ("- a\n", "a file of jobs has `version: 1` and `jobs:`, name -> job"),
        ("version: 2\njobs: {a: {}}\n", "1:1: version: write `version: 1`"),
        ("version: 1\nconfig: [a]\njobs: {a: {}}\n", "2:1: config: the file with the profiles, a path"),
        ("version: 1\ndefaults: [a]\njobs: {a: {}}\n", "2:1: defaults: settings that hold for every job, name: value"),
        ("version: 1\nmore: 1\njobs: {a: {}}\n", "2:1: more: unknown; a file of jobs has version, config, defaults and jobs"),
        (f"version: 1\njobs: {{{'a' * 65}: {{}}}}\n", "a job's name becomes a folder: letters, digits, _ . -, at most 64"),
        ("version: 1\njobs: {.a: {}}\n", "a job's name becomes a folder"),
        ("version: 1\njobs: {a: {}, A: {}}\n", "two jobs differ only in case; their folders may be one"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_jobs_is_refused_with_the_place(load, text, said):
    with pytest.raises(MappingError) as caught:
        load(text=text)
    assert said in str(caught.value)


def test_every_mistake_of_every_job_is_named_at_once(load):
    with pytest.raises(MappingError) as caught:
        load({"a": BASE | {"rate": "x"}, "b": BASE | {"canary": "y"}, "c": BASE | {"account": "a.b"}})  # fmt: skip
    places = [
        str(problem).partition(": ")[2].partition(":")[0] for problem in caught.value.problems
    ]
    assert places == ["jobs.a.rate", "jobs.b.canary", "jobs.c.account"]


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(MappingError, match="cannot be read: No such file or directory"):
        load_fleet(tmp_path / "none.yml")
    (tmp_path / "jobs.yml").write_bytes(b"version: 1\njobs: {\xff: {}}\n")
    with pytest.raises(MappingError, match="cannot be read: not UTF-8"):
        load_fleet(tmp_path / "jobs.yml")
    (tmp_path / "jobs.yml").write_bytes(b"\xef\xbb\xbf" + json.dumps({"version": 1, "jobs": {"a": BASE}}).encode())  # fmt: skip
    assert [job.name for job in load_fleet(tmp_path / "jobs.yml").jobs] == ["a"]


# -- what a job becomes ----------------------------------------------------------------------------------


def test_pace_places_and_options_become_arguments_of_the_command(load, tmp_path):
    job = one(
        load, rate=0.25, concurrency=3, daily_limit=500, window="22:00-06:00", canary=5, worker="vm7", key_env=None,
        key_file="keys/s", source=["a.csv", "https://x.org/b.csv", "/abs/c.csv"], sheet="S",
        options={"max_failures": "5%", "--trust-503": True, "suppress": ["x", "y"], "strict_suppress": None},
    )  # fmt: skip
    assert job == Job(
        "a", "run", "s.influencersoft.com:443",
        (f"{tmp_path}/a.csv", "https://x.org/b.csv", "/abs/c.csv", "--mapping", f"{tmp_path}/m.yml", "--sheet", "S"),
        (("--endpoint", "https://s.influencersoft.com"), ("--api-key-file", f"{tmp_path}/keys/s"), ("--rate", "0.25"),
         ("--concurrency", "3"), ("--daily-limit", "500"), ("--window", "22:00-06:00"), ("--canary", "5")),
        (("--max-failures", "5%"), ("--trust-503",), ("--suppress", "x"), ("--suppress", "y"), ("--strict-suppress",)),
        "", "vm7",
    )  # fmt: skip


def test_a_retag_has_its_lists_or_its_plan(load, tmp_path):
    changes = {"add_tags": ["a", "b"], "remove_tags": "c", "add_to_lists": "d", "remove_from_lists": "e", "column": "Mail"}  # fmt: skip
    assert one(load, **RETAG, **changes).arguments == (
        f"{tmp_path}/a.csv", "--column", "Mail", "--add-tag", "a", "--add-tag", "b", "--remove-tag", "c",
        "--add-to-list", "d", "--remove-from-list", "e",
    )  # fmt: skip
    assert one(load, **RETAG | {"source": [], "segments": "p.yml"}).arguments == ("--plan", f"{tmp_path}/p.yml")  # fmt: skip


@pytest.mark.parametrize(
    ("defaults", "job", "shared", "variable"),
    [
        ({"account": "s", "key_env": "K"}, {}, {"--endpoint": "https://s.influencersoft.com"}, "K"),
        ({"account": "s", "key_env": "K"}, {"endpoint": "https://x.org"}, {"--endpoint": "https://x.org"}, "K"),
        ({"endpoint": "https://x.org", "key_env": "K"}, {"account": "s"}, {"--endpoint": "https://s.influencersoft.com"}, "K"),
        (
            {"account": "s", "key_env": "K"}, {"key_file": "/k"},
            {"--endpoint": "https://s.influencersoft.com", "--api-key-file": "/k"}, "",
        ),
        ({"account": "s", "key_file": "/k"}, {"key_env": "K"}, {"--endpoint": "https://s.influencersoft.com"}, "K"),
    ],
)  # fmt: skip
def test_of_two_ways_to_say_one_thing_that_of_the_job_counts(load, defaults, job, shared, variable):
    base = {"kind": "run", "source": "a.csv", "mapping": "m.yml"}
    (found,) = load({"a": base | job}, defaults=defaults).jobs
    assert (dict(found.shared), found.key_variable) == (shared, variable)


def test_a_mapping_among_the_defaults_is_none_of_a_retag(load):
    fleet = load(
        {"tag": {"kind": "retag", "add_tags": ["x"]}, "move": {"kind": "run"}},
        defaults={key: value for key, value in BASE.items() if key != "kind"},
    )
    assert ["--mapping" in job.arguments for job in fleet.jobs] == [False, True]
    inherited = load({"tag": {"add_tags": ["x"]}}, defaults=BASE | {"kind": "retag"})
    assert "--mapping" not in inherited.jobs[0].arguments


def test_accounts_are_one_under_all_spellings_of_their_address(load):
    jobs = {
        "a": BASE, "b": BASE | {"account": "S"}, "c": BASE | {"account": None, "endpoint": "https://S.influencersoft.com/"},
        "d": BASE | {"account": "t"},
    }  # fmt: skip
    clean = {name: {k: v for k, v in job.items() if v is not None} for name, job in jobs.items()}
    accounts = [job.account for job in load(clean).jobs]
    assert [account == accounts[0] for account in accounts] == [True, True, True, False]


# -- some of them ----------------------------------------------------------------------------------------


def test_only_the_named_jobs_are_left_in_the_order_of_the_file(load):
    fleet = load({name: BASE | {"account": name} for name in "abc"})
    assert [job.name for job in fleet.only(("c", "a")).jobs] == ["a", "c"]
    assert fleet.only(()).jobs == fleet.jobs
    with pytest.raises(SettingsError) as caught:
        fleet.only(("x", "a", "y"))
    assert str(caught.value) == f"--only x, y: no such job in {fleet.path}; it has a, b, c"


def test_brakes_are_released_once_and_runs_have_none(load):
    fleet = load({
        "run": BASE, "sync": BASE | {"kind": "sync", "options": {"accept": True, "full": True}},
        "tag": {"kind": "retag", "account": "s", "key_env": "K", "source": "a.csv", "add_tags": ["x"]},
    }).accepting()  # fmt: skip
    assert [job.options for job in fleet.jobs] == [
        (), (("--full",), ("--accept",)), (("--accept",),),
    ]  # fmt: skip


# -- where it continues ------------------------------------------------------------------------------------


def night(**values) -> Job:
    return Job("n", "sync", "s:443", ("a.csv",), (("--rate", "2"),), **values)


def test_a_night_that_was_begun_is_continued_by_the_same_invocation_alone(tmp_path):
    folder = JobFolder(tmp_path, night(options=(("--full",), ("--trust-503",))))
    folder.make()
    assert (folder.path / "attempts").stat().st_mode & 0o777 == 0o700
    first = folder.next("monday")
    assert first.arguments[:3] == ("sync", "a.csv", "--rate")
    assert first.arguments[first.arguments.index("--state") + 1] == str(tmp_path / "n" / "job.state")  # fmt: skip
    assert folder.next("monday").run_dir.parent == first.run_dir.parent  # nothing was begun there
    begun = folder.next("monday").run_dir
    begun.mkdir(parents=True)
    Journal.create(begun / "journal.sqlite3").close()
    again = folder.next("monday")
    assert (again.run_dir, again.summary) == (begun, None)
    assert again.arguments == (
        "resume", str(begun), "--rate", "2", "--trust-503", "--job", "n", "--yes", "--json", "--quiet",
    )  # fmt: skip
    assert folder.next("tuesday").arguments[0] == "sync"


@pytest.mark.parametrize(
    ("text", "summary"), [('{"rows_read": 3}', {"rows_read": 3}), ("[1]", None), ("{", None)]
)
def test_a_run_that_has_ended_already_is_told_and_not_run_again(tmp_path, text, summary):
    folder = JobFolder(tmp_path, night())
    folder.make()
    run_dir = folder.next("monday").run_dir
    run_dir.mkdir(parents=True)
    with Journal.create(run_dir / "journal.sqlite3", {"finished": "1"}):
        pass
    (run_dir / "summary.json").write_text(text)
    found = folder.next("monday")
    assert (found.summary, found.arguments == ()) == (summary, summary is not None)
    (folder.path / "current.json").write_text("{")
    assert folder.next("monday").arguments[0] == "sync"


# -- machines --------------------------------------------------------------------------------------------


def place(name: str, account: str, worker: str = "") -> Job:
    return Job(name, "run", account, (), (), worker=worker)


def test_accounts_without_a_machine_go_where_the_fewest_are(tmp_path):
    jobs = [place(name, name) for name in "abcde"] + [place("f", "a")]
    places = Places(tmp_path / "p.json")
    places.settle(jobs, {"two": set(), "one": {"c"}, "six": set()})
    found = {job.name: places[job.account] for job in jobs}
    assert found == {"c": "one", "a": "six", "b": "two", "d": "one", "e": "six", "f": "six"}


def test_on_this_machine_alone_nothing_is_remembered_and_no_other_can_be_named(tmp_path):
    places = Places(None)
    places.settle([place("a", "a"), place("b", "b", "vm")], {"vm": set()})
    assert ([places["a"], places["b"]], list(tmp_path.iterdir())) == (["vm", "vm"], [])
    with pytest.raises(SettingsError) as caught:
        Places(None).settle([place("b", "b", "far")], {"vm": set()})
    assert str(caught.value) == "b: worker: far, and this is vm; give --cluster"


# -- how they ended --------------------------------------------------------------------------------------


def summary(*ends: JobEnd) -> FleetSummary:
    return FleetSummary(ends, "/srv", "2026-11-26T01:00:00+00:00", "2026-11-26T01:10:00+00:00")


def test_the_json_of_a_fleet_sums_its_jobs_and_names_those_in_trouble():
    counts = {"success": 2, "failed": 1}
    good = JobEnd("a", "run", "s:443", 1, {"rows_read": 3, "counts": counts, "requests": 4, "elapsed_s": 1.5}, place="vm", run_dir="/r")  # fmt: skip
    bad, killed = JobEnd("b", "sync", "t:443", 2, message="no key"), JobEnd("c", "run", "u:443", -9)
    found = summary(good, bad, killed).as_json()
    assert found | {"counts": {}, "jobs": []} == {
        "home": "/srv", "run_dir": "/srv", "started_at": "2026-11-26T01:00:00+00:00",
        "finished_at": "2026-11-26T01:10:00+00:00", "exit_code": -9, "stopped": "b: no key; c: -9", "counts": {}, "jobs": [],
    }  # fmt: skip
    assert found["counts"] == {status.value: counts.get(status.value, 0) for status in Status}
    assert found["jobs"][0] == {
        "job": "a", "kind": "run", "account": "s:443", "exit_code": 1, "rows_read": 3, "counts": found["counts"],
        "requests": 4, "message": "", "place": "vm", "run_dir": "/r", "attempts": 1, "elapsed_s": 1.5,
    }  # fmt: skip
    assert (found["jobs"][1]["rows_read"], found["jobs"][1]["elapsed_s"]) == (0, 0.0)


MEANINGS = [
    (0, "done"), (1, "rows need you"), (2, "nothing sent"), (3, "stopped"), (4, "busy"), (5, "cannot write"),
    (70, "a bug"), (130, "interrupted"), (143, "interrupted"), (-9, "ended"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "meaning"), MEANINGS)
def test_the_table_says_in_words_what_an_exit_code_means(code, meaning):
    _, line, sums = as_text(summary(JobEnd("a", "run", "s.org:8443", code))).splitlines()
    assert line.split()[:9] == ["a", "s.org:8443", "run", *["0"] * 6]
    assert line.endswith(f"  {code}  {meaning}")
    assert sums.split() == ["1", "jobs", *["0"] * 7, str(code)]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (JobEnd("a", "run", "s", 1, run_dir="/r", place="vm"), ["a: the report and the rejects are in /r on vm"]),
        (JobEnd("a", "run", "s", 1, message="why", run_dir="/r", place="vm"), ["a: why"]),
        (JobEnd("a", "run", "s", 1), []),
        (JobEnd("a", "run", "s", 0, run_dir="/r", place="vm"), []),
        (JobEnd("a", "run", "s", 3, message="the brake"), ["a: the brake"]),
    ],
)  # fmt: skip
def test_below_the_table_it_is_said_why_and_where(end, said):
    assert as_text(summary(end)).splitlines()[3:] == said


def test_the_gravest_end_counts_whatever_the_order():
    order = [0, 1, 4, 2, 3, 143, 130, 5, 70, -9]
    for at, code in enumerate(order):
        ends = [JobEnd(str(other), "run", "s", other) for other in reversed(order[: at + 1])]
        assert summary(*ends).exit_code == code


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    folder = JobFolder(tmp_path, night())
    with pytest.raises(StorageError) as caught:
        folder.claim("monday", 1)
    assert str(caught.value) == f"{folder.path}: cannot be written: No such file or directory"
    (tmp_path / "n").write_text("a file")
    with pytest.raises(StorageError, match="attempts"):
        folder.make()
