"""What the account says of its lists and managers, and which of it may be sent."""

from __future__ import annotations

import json

import pytest

from bulk_import import import_file_async, load_mapping
from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory, Entry, preflight
from bulk_import.errors import MappingError
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.sandbox.contacts import Account

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


def test_a_title_maps_to_every_id_that_it_may_mean():
    known = Directory(
        (Entry("1", "A"), Entry("2", "A"), Entry("", "B"), Entry("4", ""))
    ).known_lists
    assert known == {"A": ("1", "2"), "B": (), "1": ("1",), "2": ("2",), "4": ("4",)}
