"""The sandbox's one web page: its contacts, lists and tags, readable on a phone too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from bulk_import.sandbox.contacts import Contact
from bulk_import.texts import texts
from bulk_import.texts.fields import FIELD_NAMES

_SHOWN = ("lead_first_name", "lead_middle_name", "lead_last_name")

_TEMPLATE = """<!doctype html>
<html lang="{{ language }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ _("The sandbox") }}: {{ say.count(total, "{n} contact", "{n} contacts") }}</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
  p.note { opacity: .7; margin: .2rem 0 0; }
  .chip { display: inline-block; border: 1px solid var(--line); border-radius: 1rem;
          padding: 0 .6rem; margin: 0 .3rem .3rem 0; font-size: .85rem; }
  article { border-top: 1px solid var(--line); padding: .8rem 0; }
  article h3 { font-size: 1rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
  dl { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0 1rem; margin: .3rem 0; }
  dt { opacity: .65; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
  nav { margin: 1.5rem 0; display: flex; gap: 1rem; }
  @media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
</style></head><body>
<h1>{{ say.count(total, "{n} contact", "{n} contacts") }}</h1>
<p class="note">{{ _("A sandbox: nothing here reaches a real account.") }}
  {{ say.count(requests, "{n} request so far.", "{n} requests so far.") }}</p>
<h2>{{ _("Lists") }}</h2>
{% for name, n in lists.items() %}<span class="chip">{{ name }} · {{ n }}</span>{% else %}
<p class="note">{{ _("Nobody is on a list.") }}</p>{% endfor %}
<h2>{{ _("Tags") }}</h2>
{% for name, n in tags.items() %}<span class="chip">{{ name }} · {{ n }}</span>{% else %}
<p class="note">{{ _("No tags yet.") }}</p>{% endfor %}
<h2>{{ _("Contacts") }}</h2>
{% for contact in contacts %}
<article><h3>{{ contact.title }}</h3>
{% for name in contact.lists %}<span class="chip">{{ name }}</span>{% endfor %}
{% for name in contact.tags %}<span class="chip">#{{ name }}</span>{% endfor %}
<dl>{% for name, value in contact.details %}
<dt title="{{ name }}">{{ _(titles[name]) if name in titles else name }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl>
</article>
{% else %}<p class="note">{{ _("None yet. Import a spreadsheet into this address.") }}</p>{% endfor %}
{% if pages > 1 %}<nav>
{% if page > 1 %}<a href="/?page={{ page - 1 }}">{{ _("newer") }}</a>{% endif %}
<span>{{ _("page {page} of {pages}", page=page, pages=pages) }}</span>
{% if page < pages %}<a href="/?page={{ page + 1 }}">{{ _("more") }}</a>{% endif %}
</nav>{% endif %}
</body></html>
"""


@cache
def _template() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_TEMPLATE)


def contacts_page(
    *,
    contacts: Sequence[Contact],
    total: int,
    requests: int,
    tags: Mapping[str, int],
    lists: Mapping[str, int],
    titles: Mapping[str, str],
    page: int,
    pages: int,
    language: str = "en",
) -> str:
    """Return the page as HTML, in *language*; every value is escaped."""
    say = texts(language)
    shown = [
        {
            "title": _title(contact) or say("(no name, no e-mail)"),
            "lists": [titles.get(id_, id_) for id_ in contact.lists],
            "tags": contact.tags,
            "details": [
                (name, value)
                for name, value in {**contact.fields, **contact.extra}.items()
                if name not in _SHOWN
            ],
        }
        for contact in contacts
    ]
    html: str = _template().render(
        _=say,
        say=say,
        language=say.language,
        titles=FIELD_NAMES,
        contacts=shown,
        total=total,
        requests=requests,
        tags=dict(list(tags.items())[:60]),
        lists=lists,
        page=page,
        pages=pages,
    )
    return html


def _title(contact: Contact) -> str:
    name = " ".join(filter(None, (contact.fields.get(part, "") for part in _SHOWN)))
    return name or contact.email
