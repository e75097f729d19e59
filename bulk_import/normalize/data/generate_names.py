"""Make ``names*.tsv``: in which languages a word is a given or a family name.

    uv run --with faker --with mimesis --with ipadic --with names --with nomquamgender \
        --with pymorphy3 --with pymorphy3-dicts-ru python -m bulk_import.normalize.data.generate_names

``names.tsv`` and ``names_east_asian.tsv``: the lists of names in the providers of Faker (MIT) and in the
data of Mimesis (MIT); for Japanese also the names of the IPA dictionary, as the package ipadic ships it
(NAIST's licence). ``names_us.tsv``: what people in the United States are called, whose names come from
everywhere: family names of the census of 1990, as the package names ships them (public domain), given names
by how many people have them, as nomquamgender counts them (MIT); without accents, by how much more often
a word is the one than the other. ``names_russian.tsv``: given and family names of OpenCorpora's dictionary,
as pymorphy3-dicts-ru ships it (CC BY-SA 3.0; the file is under that licence).

A line is: languages that have the names as given ones, languages that have them as family names, and the
names, lower case, separated by ``|``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import pkgutil
import re
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
# Lists that are not of that language's own names, or of words and no names.
_LEFT_OUT = frozenset({"la", "en_PK", "int", "global"})
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af々]+")
# Family names of two letters, which the lists hardly have.
_TWO_LETTERS = {
    "zh": "欧阳 歐陽 司马 司馬 上官 夏侯 诸葛 諸葛 闻人 聞人 东方 東方 赫连 赫連 皇甫 尉迟 尉遲 公孙 公孫 "
    "轩辕 軒轅 令狐 宇文 长孙 長孫 慕容 司徒 司空 端木 南宫 南宮 独孤 獨孤 拓跋 百里 呼延 西门 西門",
    "ko": "남궁 황보 제갈 사공 선우 서문 독고 동방",
}
# Family names of one letter: the hundred that nearly all Koreans have.
_KOREAN = (
    "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 전 홍 유 고 문 양 손 배 백 허 남 "
    "심 노 하 곽 성 차 주 우 구 "
    "민 류 나 진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 왕 금 "
    "옥 육 인 맹 제 모 탁 국 어 은 편 용 예 경 봉 사 부 가 복 태 목 형 피 두 감 음 빈 동 온 호"
)
# The ten most frequent of Turkey, of which the lists have some as given names alone.
_TURKISH = "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir"
# Of the United States: the most frequent family names; people at the census; bearers of a rare name.
_FAMILY_NAMES, _AMERICANS, _FEWEST_BEARERS = 40_000, 250e6, 120
# A given name is counted by this many sources in this many people; shorter words are often other things.
_SOURCES, _PEOPLE, _LETTERS = 6, 100, 4
_NO_NAMES = frozenset({"null", "none", "test", "unknown", "anonymous"})
_SHORTEST_RUSSIAN = 2
Found = dict[str, set[str]]


def main() -> None:
    """Write the data files."""
    given: Found = defaultdict(set)
    family: Found = defaultdict(set)
    for is_family, name, language in (*_faker(), *_mimesis(), *_ipadic(), *_own()):
        bare = unicodedata.normalize("NFC", name.strip()).casefold()
        if bare and " " not in bare and "|" not in bare:
            (family if is_family else given)[bare].add(language)
    east = {name for name in {*given, *family} if _EAST_ASIAN.fullmatch(name)}
    _write("names.tsv", {*given, *family} - east, given, family)
    _write("names_east_asian.tsv", east, given, family)
    for file, found in (("names_us.tsv", _american()), ("names_russian.tsv", _russian())):
        given, family = defaultdict(set), defaultdict(set)
        for is_family, name, language in found:
            (family if is_family else given)[name].add(language)
        _write(file, {*given, *family}, given, family)


def _faker() -> Iterator[tuple[bool, str, str]]:
    import faker.providers.person as package

    for module in pkgutil.iter_modules(package.__path__):
        language = module.name.split("_")[0]
        if not {module.name, language}.isdisjoint(_LEFT_OUT):
            continue
        provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            if not isinstance(value, list | tuple | dict) or "romanized" in attribute:
                continue
            if attribute.startswith(("first_name", "given_name", "last_name", "family_name")):
                is_family = attribute.startswith(("last_name", "family_name"))
                for name in _texts(value):
                    yield is_family, name, language


def _texts(value: Iterable[object]) -> Iterator[str]:
    for entry in value:
        # Of Japanese names: in kanji, in kana, in Latin letters.
        for name in entry[:2] if isinstance(entry, tuple) else (entry,):
            if isinstance(name, str):
                yield name


def _mimesis() -> Iterator[tuple[bool, str, str]]:
    import mimesis

    for path in sorted((Path(mimesis.__file__).parent / "datasets").glob("*/person.json")):
        language = path.parent.name.split("-")[0]
        if language in _LEFT_OUT:
            continue
        person = json.loads(path.read_text("utf-8"))
        for key in ("names", "surnames"):
            for name in _leaves(person.get(key, [])):
                yield key == "surnames", name, language


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)


def _ipadic() -> Iterator[tuple[bool, str, str]]:
    """Names of persons among the features of MeCab's compiled dictionary."""
    import ipadic

    raw = (Path(ipadic.DICDIR) / "sys.dic").read_bytes()
    _, _, _, _, _, _, trie, tokens, features, _ = struct.unpack("<10I", raw[:40])
    began = 72 + trie + tokens
    for feature in raw[began : began + features].split(b"\0"):
        kind = feature.decode("utf-8", "replace").split(",")
        is_name = kind[:3] == ["名詞", "固有名詞", "人名"] and kind[3] in ("姓", "名")
        if is_name and _EAST_ASIAN.fullmatch(kind[6]):
            yield kind[3] == "姓", kind[6], "ja"


def _american() -> Iterator[tuple[bool, str, str]]:
    """Names that are frequent enough to be told from words, as what most people have them."""
    folder = Path(str(importlib.util.find_spec("names").origin)).parent  # type: ignore[union-attr]
    bearers: dict[str, float] = {}
    for line in (folder / "dist.all.last").read_text().splitlines()[:_FAMILY_NAMES]:
        name, percent, *_ = line.lower().split()
        bearers[name] = max(float(percent) / 100 * _AMERICANS, _FEWEST_BEARERS)
    package = Path(str(importlib.util.find_spec("nomquamgender").origin)).parent  # type: ignore[union-attr]
    counted = json.loads((package / "name_data.json").read_text("utf-8"))
    called = {
        name: people
        for name, (sources, people, *_) in counted.items()
        if sources >= _SOURCES and people >= _PEOPLE
    }
    for name in {*bearers, *called}:
        if not (name.isascii() and name.isalpha()) or len(name) < _LETTERS or name in _NO_NAMES:
            continue
        more = math.log10(called.get(name, 0) + 30) - math.log10(bearers.get(name, 0) + 300) + 1
        if name in called and more > -1:
            yield False, name, "us"
        if name in bearers and more < 1:
            yield True, name, "us"


def _russian() -> Iterator[tuple[bool, str, str]]:
    """Words in the nominative that are tagged as given or family names."""
    import pymorphy3

    for word, tag, *_ in pymorphy3.MorphAnalyzer(lang="ru").dictionary.iter_known_words():
        is_name = word.isalpha() and len(word) > _SHORTEST_RUSSIAN
        if is_name and "nomn" in tag and "sing" in tag and ("Name" in tag or "Surn" in tag):
            yield "Surn" in tag, word, "ru"


def _own() -> Iterator[tuple[bool, str, str]]:
    for language, names in (*_TWO_LETTERS.items(), ("ko", _KOREAN), ("tr", _TURKISH)):
        for name in names.split():
            yield True, name, language


def _write(file: str, names: Iterable[str], given: Found, family: Found) -> None:
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(names):
        of = (" ".join(sorted(kind.get(name, ()))) for kind in (given, family))
        lines[next(of), next(of)].append(name)
    text = "".join(f"{g}\t{f}\t{'|'.join(names)}\n" for (g, f), names in sorted(lines.items()))
    (HERE / file).write_text(text, "utf-8")
    print(f"{sum(map(len, lines.values()))} names, {len(text.encode())} bytes -> {file}")


if __name__ == "__main__":
    main()
