"""The same job as scripts that people write: pandas and requests, one by one or in threads; aiohttp
and tenacity. They normalize with the usual libraries and write a report; none of them can resume.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import aiohttp
import pandas
import phonenumbers
import pycountry
import requests
from tenacity import AsyncRetrying, stop_after_attempt, wait_exponential

PATH = "/api/addupdatelead"
Form = dict[str, str]


def forms(source: Path) -> Iterator[Form]:
    """Yield the form of every row."""
    frame = pandas.read_csv(source, dtype=str, keep_default_na=False)
    for row in frame.to_dict("records"):
        country = pycountry.countries.lookup(row["Country"]).alpha_2
        number = phonenumbers.parse(row["Phone"], country)
        yield {
            "lead_email": row["E-mail"].strip().lower(),
            "lead_first_name": row["Name"].strip(),
            "lead_phone": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
            "lead_shipping_country_code": country,
            "lead_utc": f"{int(row['Zone']):+03d}",
            "add_tags": ",".join(tag.strip() for tag in row["Tags"].split(";")),
            "rpsKey": "k",
        }


def plain_loop(base: str, source: Path, report: Path, _concurrency: int) -> None:
    """pandas + requests, one request after the other."""
    with requests.Session() as session:
        _write(report, ((form, _post(session, base, form)) for form in forms(source)))


def threads(base: str, source: Path, report: Path, concurrency: int) -> None:
    """pandas + requests in a pool of threads."""
    own = local()

    def post(form: Form) -> tuple[Form, str]:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        return form, _post(own.session, base, form)

    with ThreadPoolExecutor(concurrency) as pool:
        _write(report, pool.map(post, forms(source)))


def aiohttp_tenacity(base: str, source: Path, report: Path, concurrency: int) -> None:
    """aiohttp + tenacity: a task for each row, a semaphore, a policy around each request."""

    async def run() -> list[tuple[Form, str]]:
        slots = asyncio.Semaphore(concurrency)
        async with aiohttp.ClientSession() as session:

            async def send(form: Form) -> tuple[Form, str]:
                async with slots:
                    async for attempt in AsyncRetrying(
                        stop=stop_after_attempt(5), wait=wait_exponential(), reraise=True
                    ):
                        with attempt:
                            async with session.post(base + PATH, data=form) as response:
                                answer = await response.json(content_type=None)
                    return form, str(answer["error_code"])

            return await asyncio.gather(*(send(form) for form in forms(source)))

    _write(report, iter(asyncio.run(run())))


def _post(session: requests.Session, base: str, form: Form) -> str:
    response = session.post(base + PATH, data=form, timeout=30)
    response.raise_for_status()
    return str(response.json()["error_code"])


def _write(path: Path, results: Iterator[tuple[Form, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact", "error_code"])
        writer.writerows((form["lead_email"], code) for form, code in results)
