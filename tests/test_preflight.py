"""What the account says of its lists and managers, and which of it may be sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bulk_import import import_file_async, load_mapping
from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.preflight import Directory, Entry, preflight
from bulk_import.api.unsent import NotSentError
from bulk_import.codes import look_up
from bulk_import.errors import MappingError, SettingsError, StoppedError
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.sandbox.contacts import Account
from bulk_import.settings import Patience

TWINS = Account(
    lists={
        "1473249885.2899961004": "Newsletter",
        "1502871133.0046201177": "Newsletter",
        "super": "Newsletters",
    }
)


class NamelessSandbox(Sandbox):
    """An account that leaves the API id of its lists out."""

    def _other(self, name, form):
        reply = super()._other(name, form)
        if name != "getallgroups":
            return reply
        return Reply(
            result=[{k: v for k, v in line.items() if k != "rass_name"} for line in reply.result]
        )


def list_mapping(tmp_path, title):
    path = tmp_path / "lists.yml"
    path.write_text(
        f"version: 1\nfields:\n  lead_email: E-mail\n  add_to_lists: {{always: [{json.dumps(title)}]}}\n"
    )
    return load_mapping(path)


async def test_lists_are_found_behind_their_redirect(sandbox, settings):
    async with Client.connect(settings(sandbox)) as client:
        found = await preflight(client, with_managers=True)
    assert found.lists[0] == Entry("1473249885.2899961004", "Newsletter")
    assert found.manager_ids == {"Vera Lindqvist": "101", "Omar Haddad": "102"}


async def test_two_lists_of_one_title_are_both_named_and_nothing_is_sent(
    settings, contacts_csv, tmp_path
):
    async with Sandbox(account=TWINS) as sandbox:
        with pytest.raises(
            MappingError,
            match=r"2 lists are called 'Newsletter'.*1473249885.2899961004 or 1502871133.0046201177",
        ):
            await import_file_async(
                contacts_csv(3), list_mapping(tmp_path, "Newsletter"), settings(sandbox)
            )
        assert sandbox.sent() == []


async def test_an_id_chooses_between_lists_of_one_title(settings, contacts_csv, tmp_path):
    async with Sandbox(account=TWINS) as sandbox:
        summary = await import_file_async(
            contacts_csv(3), list_mapping(tmp_path, "1502871133.0046201177"), settings(sandbox)
        )
        assert summary.counts[Status.SUCCESS] == 3
        assert {contact.lists for contact in sandbox.contacts()} == {("1502871133.0046201177",)}


@pytest.mark.parametrize("title", ["Newsletter", "7001"])
async def test_the_internal_number_of_a_list_is_never_sent(settings, contacts_csv, tmp_path, title):
    async with NamelessSandbox() as sandbox:
        with pytest.raises(MappingError, match=r"no API id for the list|has no list '7001'"):
            await import_file_async(
                contacts_csv(3), list_mapping(tmp_path, title), settings(sandbox)
            )
        assert sandbox.sent() == []


class Scripted:
    """Stands for a client: answers, or raises, what it was given, in that order."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)

    async def call(self, method: str) -> Answer:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


FOUND = Answer(Verdict.SUCCESS, 200, "0", result=[{"rass_name": "1", "rass_title": "News"}])
SLOWER = Answer(Verdict.THROTTLED, 429, text="slower")
QUOTA = Answer(Verdict.THROTTLED, 200, "8", "limit", is_quota=True)


async def asked(*answers: Answer | Exception, **options) -> tuple[object, list[float], list]:
    """Ask a scripted account: (what it has or the error, the waits, the pauses that were told)."""
    waits: list[float] = []
    paused: list[tuple[float, str]] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    try:
        found = await preflight(
            Scripted(*answers), sleep=sleep, is_paused=lambda *told: paused.append(told), **options
        )
    except (SettingsError, StoppedError) as exc:
        return (type(exc), str(exc)), waits, paused
    return found.list_ids, waits, paused


AWAY = NotSentError("shop: no connection", code="UNREACHABLE")


@pytest.mark.parametrize(
    "trouble", [AWAY, AnswerLostError("it broke", code="X"), Answer(Verdict.UNREADABLE, 502, text="HTTP 502")]
)  # fmt: skip
async def test_an_account_that_does_not_answer_is_asked_again_in_growing_steps(trouble):
    assert await asked(trouble, trouble, FOUND) == ({"News": "1"}, [0.5, 1.0], [])


async def test_an_account_that_never_answers_is_given_up_after_twenty_seconds():
    told = (SettingsError, "nothing was sent: shop: no connection")
    assert await asked(AWAY) == (told, [0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0], [])
    assert await asked(AWAY, patience_s=1.5) == (told, [0.5, 1.0], [])
    assert await asked(AWAY, patience_s=1.4) == (told, [0.5], [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NotSentError("no such host", code="HOST_UNKNOWN", is_final=True), "no such host"),
        (Answer(Verdict.FORBIDDEN, 403, "HTTP_403", "HTTP 403: no"), "HTTP 403: no"),
        (Answer(Verdict.FATAL, 200, "REDIRECTED", "redirect 301"), "redirect 301"),
    ],
)
async def test_what_asking_again_cannot_change_is_said_at_once(answer, said):
    assert await asked(answer) == ((SettingsError, f"nothing was sent: {said}"), [], [])


async def test_a_code_of_the_api_comes_with_its_cause_and_what_to_do():
    (kind, said), waits, _ = await asked(Answer(Verdict.FATAL, 200, "4", "Incorrect hash"))
    known = look_up("4")
    assert (kind, waits) == (SettingsError, [])
    assert said == (
        f"nothing was sent: the server answered 4 (Incorrect hash). {known.cause} {known.fix}"
    )
    (_, said), _, _ = await asked(Answer(Verdict.FATAL, 200, "5"))
    assert said.startswith("nothing was sent: the server answered 5 (no text). ")


async def test_who_is_asked_to_slow_down_waits_longer_each_time():
    waits = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    told = [(seconds, "slower") for seconds in waits]
    assert await asked(*[SLOWER] * 8, FOUND) == ({"News": "1"}, waits, told)


async def test_the_seconds_that_the_account_asks_for_are_kept_up_to_a_limit():
    waits = replace(SLOWER, retry_after_s=7.0)
    assert await asked(waits, FOUND) == ({"News": "1"}, [7.0], [(7.0, "slower")])
    patience = Patience(retry_after_cap_s=7.0)
    assert (await asked(waits, FOUND, patience=patience))[1] == [7.0]
    stopped = (StoppedError, "nothing was sent: the server asks to slow down: slower")
    longer = replace(SLOWER, retry_after_s=7.1)
    assert await asked(longer, FOUND, patience=patience) == (stopped, [], [])


async def test_a_used_up_quota_has_its_own_pauses_and_an_end():
    patience = Patience(quota_waits_s=(5.0, 9.0))
    assert (await asked(QUOTA, QUOTA, FOUND, patience=patience))[:2] == ({"News": "1"}, [5.0, 9.0])
    assert (await asked(SLOWER, QUOTA, FOUND, patience=patience))[1] == [1.0, 5.0]
    (kind, said), waits, _ = await asked(QUOTA, patience=patience)
    assert (kind, waits) == (StoppedError, [5.0, 9.0])
    assert said.startswith("nothing was sent: the server asks to slow down: the server answered 8")


async def test_an_account_that_only_asks_to_slow_down_is_given_up():
    (kind, _), waits, _ = await asked(SLOWER, patience=Patience(throttles=3))
    assert (kind, waits) == (StoppedError, [1.0, 2.0, 4.0])


async def test_lines_that_name_nothing_are_left_out_and_a_title_of_two_has_no_id():
    lines = [
        {"rass_name": " 1 ", "rass_title": "A"}, {"rass_name": 2, "rass_title": "B"}, {"rass_name": "3", "rass_title": "B"},
        {"rass_name": None, "rass_title": "C"}, {"rass_name": "5", "rass_title": ""}, {"rass_name": "", "rass_title": " "}, "x",
    ]  # fmt: skip
    found = await preflight(Scripted(replace(FOUND, result=lines)))
    assert found.lists == (
        Entry("1", "A"),
        Entry("2", "B"),
        Entry("3", "B"),
        Entry("", "C"),
        Entry("5", ""),
    )
    assert (found.list_ids, found.managers) == ({"A": "1"}, ())
    assert (await preflight(Scripted(replace(FOUND, result={"a": 1})))).lists == ()


async def test_an_id_that_came_as_a_number_with_decimals_has_lost_digits_and_is_none():
    lines = [
        {"rass_name": 1473249885.2899961004, "rass_title": "A"}, {"rass_name": 7, "rass_title": "B"},
        {"rass_name": "1473249885.2899961004", "rass_title": 1.5},
    ]  # fmt: skip
    found = await preflight(Scripted(replace(FOUND, result=lines)))
    assert found.lists == (Entry("", "A"), Entry("7", "B"), Entry("1473249885.2899961004", "1.5"))
    assert "A" not in found.list_ids
    assert found.known_lists["A"] == ()


class Asked(Scripted):
    """Notes the methods that are asked for."""

    def __init__(self, *answers: Answer | Exception) -> None:
        super().__init__(*answers)
        self.methods: list[str] = []

    async def call(self, method: str) -> Answer:
        self.methods.append(method)
        return await super().call(method)


async def test_managers_are_asked_for_only_where_they_are_needed():
    people = replace(FOUND, result=[{"manager_id": 101, "manager_name": "Vera"}])
    client = Asked(FOUND, people)
    found = await preflight(client, with_managers=True)
    assert client.methods == ["getalllists", "getpersonalmanagers"]
    assert (found.managers, found.manager_ids) == ((Entry("101", "Vera"),), {"Vera": "101"})
    client = Asked(FOUND)
    assert (await preflight(client)).managers == ()
    assert client.methods == ["getalllists"]


def test_a_title_maps_to_every_id_that_it_may_mean():
    known = Directory(
        (Entry("1", "A"), Entry("2", "A"), Entry("", "B"), Entry("4", ""))
    ).known_lists
    assert known == {"A": ("1", "2"), "B": (), "1": ("1",), "2": ("2",), "4": ("4",)}
