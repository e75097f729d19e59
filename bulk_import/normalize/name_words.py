"""Words that say something besides a name: titles, degrees, particles, companies, peoples' family names."""

from __future__ import annotations

import re
from functools import cache
from unicodedata import category

_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev herr frau mme mlle sra srta dott "
    "sig signor signora sig.ra dott.ssa dr.ssa monsieur madame mademoiselle señor señora señorita "
    "doña dña herrn hr dipl.-ing mgr inż dhr mevr mevrouw "
    "г-н г-жа господин госпожа пан пані проф д-р".split()
)
_TITLES_WITH_DOT = frozenset("sr ing bc avv drs mag arch rag geom".split())  # else surnames
MAYBE_TITLES = frozenset({"don", "pan", "pani"})  # and names
_SUFFIXES = frozenset("jr sr ii iii iv phd md esq mba dds cpa мл ст jun sen junior senior".split())
_DEGREES = frozenset("phd md mba msc bsc ma ba dds dvm llm cpa csc drsc".split())
TOGETHER = frozenset({"and", "&", "und", "et", "и", "та", "і", "+", "og", "och", "en", "un"})
PAIRING = frozenset("eyi")
_COMPANY_WORDS = (
    r"ооо оао зао пао нко ано тоо чп фоп тов ао гуп муп фгуп пат тдв доо дооел llc l\.l\.c inc "
    r"incorporated ltd limited gmbh mbh ohg e\.v sarl s\.a\.r\.l sàrl sas sasu scs snc eurl s\.r\.l srl "
    r"s\.p\.a spa b\.v bv n\.v oyj? aps a/s kft zrt s\.r\.o d\.o\.o pty plc corp corporation company "
    r"group holdings? foundation university agency studio consulting solutions technologies services "
    r"investment asociados associados u?ltda yayasan asc mmc qsc α\.ε ε\.π\.ε церковь школа студия "
    r"gruppe gruppen groupe gruppo grupo ventures? tbk hb vzw scr kkt biedrība შპს ააიპ სტუდია ჯგუფი cty "
    r"магазин компания фирма группа салон клуб агентство фонд университет"
).split()
_PLAIN_COMPANY_WORDS = frozenset(
    word
    for word in (*_COMPANY_WORDS, "oy", "oyj", "holding", "holdings", "venture", "ltda", "ultda")
    if word.isalpha()
)
_COMPANY = re.compile(
    rf"(?:^|[\s,«\"])(?:{'|'.join(_COMPANY_WORDS)}|sp\.\s?z\s?o\.\s?o|e figli|et fils)(?:[\s.,»\"]|$)"
    r"|^(?:trung tâm|công ty|cửa hàng) | sp\. ?[jkp]\."
    r"|株式会社|有限会社|有限公司| [-–—+] |(?:\band|&) sons\b",
    re.IGNORECASE,
)
REMARKS = frozenset(
    "директор менеджер бухгалтер мама папа жена муж сестра брат друг подруга сын дочь клиент юрист врач "
    "секретарь продавец учитель работа дом director manager accountant ceo cto cfo owner founder sales "
    "assistant secretary mom mum dad wife husband friend work home geschäftsführer leiter directeur "
    "directrice gérant gerente direttore".split()
)
_SOCIETY = re.compile(r"\w.*\sS\.\s?A\.(?:\s\w\.)*")
PARTICLES = frozenset(
    "van von der den de del della delle degli di da dal dalla du des dos das do la le el al "
    "bin ibn ben ter ten zu zur vom af av st saint san santa mac abu abd y e ó ní nic mhic uí".split()
)
_PATRONYMIC = re.compile(
    r"[А-ЯЁа-яёІіЇїЄєЎўӘәҒғҚқҢңӨөҰұҮүҺһ-]+(?:ович|евич|ич|овна|евна|ична|инична|йович|івна|ївна|овіч|авіч|евіч|лліч|"
    r"аўна|еўна|оўна|улы|кызы|оглы|гызы|ұлы|қызы|оғлы)",
    re.IGNORECASE,
)
_OF_A_SON = re.compile(r"([А-ЯЁа-яё]{2,}?)(?:[еёо]вич|ич)", re.IGNORECASE)
_OF_A_LATIN_SON = re.compile(r"([a-z]{2,}?)(?:[eo]vich|ich)", re.IGNORECASE)
# Names of men that end as those of women do.
_MEN = frozenset(
    "никита илья кузьма фома лука савва данила гаврила сила фока nikita ilya kuzma foma luka".split()
)
_FATHERS = frozenset("павл льв михайл дмитри юрь pavl lv lev mikhayl mikhail".split())
_CHILD_OF = frozenset("оглы оглу кызы гызы улы огли ұлы қызы ogly oglu kyzy qizi uly".split())
# Romance particles also stand inside given names: María del Carmen Ruiz.
ROMANCE = frozenset(
    "de del della delle degli di da dal dalla du des dos das do la le el e y".split()
)
VIETNAMESE = frozenset(
    "nguyễn trần phạm huỳnh hoàng đặng đỗ ngô bùi võ vũ lê phan dương hồ lý đinh trịnh lâm đào đoàn vương "
    "trương tạ phùng tăng quách thái lương lưu triệu đàm nghiêm bạch".split()
)
VIETNAMESE_BARE = frozenset(
    "nguyen tran pham huynh hoang dang do ngo bui vo vu le phan duong ho ly dinh trinh".split()
)
VIETNAMESE_MIDDLE = frozenset({"văn", "van", "thị", "thi"})
# Family names of Hanyu pinyin that are no given names elsewhere.
PINYIN = frozenset(
    "wang zhang zhao zhou zhu zhuang zhong xu xue xie xiao xia xi huang liu yang zheng deng feng "
    "cao peng zeng jiang cai ding qian qin qiu guo gao liang luo tang wu sun mao".split()
)
KOREAN_FAMILY = frozenset(
    "kim lee park choi jung jeong kang cho yoon yun jang lim han oh seo shin kwon hwang ahn song "
    "hong".split()
)


@cache
def special_words() -> frozenset[str]:
    """Words that say something besides a name."""
    return frozenset().union(
        _TITLES, _TITLES_WITH_DOT, MAYBE_TITLES, _SUFFIXES, _DEGREES, TOGETHER, PAIRING, REMARKS,
        _PLAIN_COMPANY_WORDS, _CHILD_OF, PARTICLES, PINYIN, KOREAN_FAMILY,
    )  # fmt: skip


def is_company(line: str) -> bool:
    """Whether a word or a sign of the name is one that only companies have."""
    words = (word.strip('.,«»"') for word in line.lower().split())
    if not _PLAIN_COMPANY_WORDS.isdisjoint(words):
        return True
    has_signs = not line.isascii() or any(sign in line for sign in ".-+&/") or " e" in line
    return has_signs and bool(_COMPANY.search(line) or _SOCIETY.fullmatch(line))


def is_patronymic(words: str) -> bool:
    """Whether a name is a patronymic of Russian, Ukrainian, Belarusian or Turkic form."""
    child_of = words.rpartition(" ")[2].lower() in _CHILD_OF
    return child_of or _PATRONYMIC.fullmatch(words) is not None


def father_of_a_son(word: str) -> list[str]:
    """Return the names that a man's patronymic may come from: ``Сергеевич`` from ``Сергей``."""
    match = _OF_A_SON.fullmatch(word) or _OF_A_LATIN_SON.fullmatch(word)
    if match is None:
        return []
    stem = match[1].lower()
    if stem in _FATHERS:
        return ["иван" if stem[0] > "z" else "ivan"]  # one that certainly is a name
    endings = ("", "й", "ь", "а", "я") if stem[0] > "z" else ("", "y", "i", "ey", "ei", "a", "ya")
    soft = [stem[:-1] + "ий"] if stem.endswith("ь") else []
    return [stem + ending for ending in endings] + soft


def may_be_a_man(name: str) -> bool:
    """Whether a Russian given name is not plainly a woman's."""
    return name.lower() in _MEN or not name.lower().endswith(("а", "я", "a", "ya"))


def words_of_name(line: str) -> list[str]:
    """Return the words without titles, degrees and pictures; ``Ali oglu`` stays together."""
    words = [word for word in line.split() if word.isascii() or not _is_picture(word)]
    while words and is_title(words[0]):
        words.pop(0)
    while len(words) > 1 and is_suffix(words[-1]):
        words.pop()
    while len(words) > 2 and words[-1].lower().replace(".", "").strip(",()") in _DEGREES:
        words.pop()
    for at in range(len(words) - 1, 1, -1):
        if words[at].lower() in _CHILD_OF:
            words[at - 1 : at + 1] = [f"{words[at - 1]} {words[at]}"]
    return words


def _is_picture(word: str) -> bool:
    """Whether a word is a picture or several, without a letter: a heart, a flag, a star."""
    return not any(map(str.isalnum, word)) and any(category(char) == "So" for char in word)


def is_title(word: str) -> bool:
    """Whether a word in front of a name is a title."""
    bare = bare_word(word)
    return bare in _TITLES or (bare in _TITLES_WITH_DOT and word.endswith("."))


def is_suffix(word: str) -> bool:
    """Whether a word behind a name is a generation or a degree: Jr., PhD."""
    bare = bare_word(word)
    return bare in _SUFFIXES or ("." in bare and bare.replace(".", "") in _DEGREES)


def bare_word(word: str) -> str:
    """Return a word in small letters without what stands around it."""
    return word.lower().strip(".,()")
