"""Domains are asked for over real DNS, on loopback, and only when the mapping says so."""

from __future__ import annotations

import socketserver
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.deliverability import _answer
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row

ZONE = {"takes.example.org.": "10 mx.example.org.", "deaf.example.org.": "0 ."}


class _NameServer(socketserver.BaseRequestHandler):
    """Knows two domains with MX records; ``broken.`` makes it fail; no other domain exists."""

    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name, kind = query.question[0].name.to_text(), query.question[0].rdtype
        self.server.asked.append(name)  # type: ignore[attr-defined]
        if name.startswith("broken."):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in ZONE:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif kind == dns.rdatatype.MX:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", ZONE[name]))
        socket.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def asked(monkeypatch):
    _answer.cache_clear()
    with socketserver.UDPServer(("127.0.0.1", 0), _NameServer) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        yield server.asked
        server.shutdown()
    _answer.cache_clear()


def record(address: str, option: str = ", deliverability: true"):
    text = f"version: 1\nfields:\n  lead_email: {{column: E-mail{option}}}\n"
    row = Row("x.csv", "", 2, {"E-mail": address})
    return RowMapper(bind(parse_mapping(text), list(row.cells))).record(row)


def test_a_domain_that_takes_mail_is_asked_for_once(asked):
    assert record("anna@takes.example.org").problems == ()
    assert record("ben@takes.example.org").problems == ()
    assert asked == ["takes.example.org."]


@pytest.mark.parametrize("domain", ["nowhere.example.org", "deaf.example.org", "нигде.example.org"])
def test_a_domain_that_takes_no_mail_is_refused(asked, domain):
    assert [p.code for p in record(f"anna@{domain}").errors] == ["EMAIL_UNDELIVERABLE"]


def test_a_name_server_that_fails_decides_nothing(asked):
    made = record("anna@broken.example.org")
    assert made.is_valid
    assert [p.code for p in made.warnings] == ["EMAIL_NOT_CHECKED"]


def test_nobody_is_asked_without_the_option(asked):
    assert record("anna@nowhere.example.org", "").is_valid
    assert asked == []
