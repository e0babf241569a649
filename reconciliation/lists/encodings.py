"""Text of before Unicode: TCVN3 (ABC fonts) and VNI, told from Unicode and decoded to it.

Both show Vietnamese by drawing Latin-1 characters with fonts of their own, so a file holds «NguyÔn» or «Nguyeãn»
and no byte says so. What tells them apart is the language: every Vietnamese word is one syllable, and a syllable
has an onset, a rime and a tone from short closed lists. The reading under which more words are syllables is right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

UNICODE, TCVN3, VNI = "unicode", "tcvn3", "vni"
TEXT_ENCODINGS = (UNICODE, TCVN3, VNI)

# TCVN 5712:1993, table VN3: one Latin-1 character for one letter.
_TCVN3_FROM = (
    "µ¸¶·¹" "¨»¾¼½Æ" "©ÇÊÈÉË" "®" "ÌÐÎÏÑ" "ªÒÕÓÔÖ" "×ÝØÜÞ" "ßãáâä" "«åèæçé" "¬êíëìî" "ïóñòô" "\u00adõøö÷ù" "úýûüþ"
    "¡¢£¤¥¦§"
)  # fmt: skip
_TCVN3_TO = (
    "àáảãạ" "ăằắẳẵặ" "âầấẩẫậ" "đ" "èéẻẽẹ" "êềếểễệ" "ìíỉĩị" "òóỏõọ" "ôồốổỗộ" "ơờớởỡợ" "ùúủũụ" "ưừứửữự" "ỳýỷỹỵ"
    "ĂÂÊÔƠƯĐ"
)  # fmt: skip
TCVN3_TABLE = dict(zip(_TCVN3_FROM, _TCVN3_TO, strict=True))
_CAPITALISED = frozenset("abcdefghijklmnopqrstuvwxyzăâêôơưđ")

# VNI: a letter and, after it, the character that carries its marks. `i`, `đ`, `ơ`, `ư` and `ỵ` are characters alone.
_VNI_MARKS = {
    "a": {"à": "aø", "á": "aù", "ả": "aû", "ã": "aõ", "ạ": "aï", "ă": "aê", "ằ": "aè", "ắ": "aé", "ẳ": "aú",
          "ẵ": "aü", "ặ": "aë", "â": "aâ", "ầ": "aà", "ấ": "aá", "ẩ": "aå", "ẫ": "aã", "ậ": "aä"},
    "e": {"è": "eø", "é": "eù", "ẻ": "eû", "ẽ": "eõ", "ẹ": "eï", "ê": "eâ", "ề": "eà", "ế": "eá", "ể": "eå",
          "ễ": "eã", "ệ": "eä"},
    "i": {"ì": "ì", "í": "í", "ỉ": "æ", "ĩ": "ó", "ị": "ò"},
    "o": {"ò": "oø", "ó": "où", "ỏ": "oû", "õ": "oõ", "ọ": "oï", "ô": "oâ", "ồ": "oà", "ố": "oá", "ổ": "oå",
          "ỗ": "oã", "ộ": "oä", "ơ": "ô", "ờ": "ôø", "ớ": "ôù", "ở": "ôû", "ỡ": "ôõ", "ợ": "ôï"},
    "u": {"ù": "uø", "ú": "uù", "ủ": "uû", "ũ": "uõ", "ụ": "uï", "ư": "ö", "ừ": "öø", "ứ": "öù", "ử": "öû",
          "ữ": "öõ", "ự": "öï"},
    "y": {"ỳ": "yø", "ý": "yù", "ỷ": "yû", "ỹ": "yõ", "ỵ": "î"},
    "d": {"đ": "ñ"},
}  # fmt: skip


def _vni_table() -> dict[str, str]:
    table = {}
    for letters in _VNI_MARKS.values():
        for letter, written in letters.items():
            table[written] = letter
            # A capital carries a capital mark, or a small one where the shift key came up early.
            table[written.upper()] = letter.upper()
            table[written[0].upper() + written[1:]] = letter.upper()
    return table


VNI_TABLE = _vni_table()
_VNI_PATTERN = re.compile("|".join(sorted(map(re.escape, VNI_TABLE), key=len, reverse=True)))

_ONSET = "(?:ngh|ng|nh|gh|gi|kh|ch|ph|qu|th|tr|[bcdđghklmnpqrstvx])?"
_OPEN = (
    "a|ai|ao|au|ay|âu|ây|e|eo|ê|êu|i|ia|iêu|iu|o|oa|oai|oao|oay|oe|oeo|oi|ô|ôi|ơ|ơi|u|ua|uây|uê|ui|uôi|uơ|uy|uya|uyu"
    "|ư|ưa|ưi|ươi|ươu|ưu|y|yêu"
)
_NASAL = (
    "am|an|ang|anh|ăm|ăn|ăng|âm|ân|âng|em|en|eng|êm|ên|ênh|iêm|iên|iêng|im|in|inh|oam|oan|oang|oanh|oăm|oăn|oăng|oen"
    "|om|on|ong|oong|ôm|ôn|ông|ơm|ơn|uân|uâng|uênh|um|un|ung|uôm|uôn|uông|uyên|uynh|ưm|ưn|ưng|ươm|ươn|ương|yêm|yên|yêng"
)
_STOP = (
    "ac|ach|ap|at|ăc|ăp|ăt|âc|âp|ât|ec|ep|et|êch|êp|êt|ich|iêc|iêp|iêt|ip|it|oac|oach|oap|oat|oăc|oăt|oc|oet|ooc|op|ot"
    "|ôc|ôp|ôt|ơp|ơt|uât|uc|uêch|uôc|uôt|up|ut|uych|uyêt|uyt|ưc|ươc|ươp|ươt|ưt|yêt"
)
_FREE = re.compile(f"{_ONSET}(?:{_OPEN}|{_NASAL})")
_CHECKED = re.compile(f"{_ONSET}(?:{_STOP})")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_WORD = re.compile(r"[^\s!-/:-@\[-`{-~0-9]+")


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    """Whether `word` is a Vietnamese syllable as it is spelt; one that ends in c, ch, p or t has sắc or nặng."""
    letters: list[str] = []
    tones: list[str] = []
    for character in unicodedata.normalize("NFD", word.lower()):
        (tones if character in _TONES else letters).append(character)
    if len(tones) > 1:
        return False
    base = unicodedata.normalize("NFC", "".join(letters))
    if _CHECKED.fullmatch(base):
        return not tones or tones[0] in "\u0301\u0323"
    return _FREE.fullmatch(base) is not None


def score(text: str) -> int:
    """Words with Vietnamese letters that are syllables, less those that are not. Plain ASCII words say nothing."""
    words = (word for word in _WORD.findall(unicodedata.normalize("NFC", text)) if not word.isascii())
    return sum(1 if is_syllable(word) else -1 for word in words)


def detect(texts: Iterable[str]) -> str | None:
    """The encoding (one of `TEXT_ENCODINGS`) under which the texts are Vietnamese; None when nothing tells."""
    totals = dict.fromkeys(TEXT_ENCODINGS, 0)
    for text in set(texts):
        if text.isascii() or len(text.strip()) < 2:
            continue
        as_is = score(text)
        totals[UNICODE] += as_is
        for encoding in (TCVN3, VNI):
            decoded = _decoded(text, encoding)
            # A text that the encoding cannot hold speaks against it as much as it speaks for Unicode.
            totals[encoding] += -abs(as_is) if decoded is None else score(decoded)
    best = max(totals, key=lambda name: totals[name])
    runners_up = [total for name, total in totals.items() if name != best]
    return best if totals[best] > max(runners_up) else None


def decode(text: str, encoding: str) -> str:
    """`text` in Unicode, NFC. `encoding`: that of its column; a cell that plainly holds another is read by that."""
    # One character alone is a tick (×, þ) more often than a word.
    told = text if text.isascii() or len(text.strip()) < 2 else _decode(text, encoding)
    return unicodedata.normalize("NFC", told)


@lru_cache(maxsize=262144)
def _decode(text: str, encoding: str) -> str:
    readings = {UNICODE: text}
    for name in (TCVN3, VNI):
        decoded = _decoded(text, name)
        if decoded is not None:
            readings[name] = decoded
    scores = {name: score(reading) for name, reading in readings.items()}
    best = max(scores, key=lambda name: (scores[name], name == encoding, name == UNICODE))
    return readings[best]


def _decoded(text: str, encoding: str) -> str | None:
    """`text` decoded; None when it holds a letter that `encoding` does not write."""
    if encoding == TCVN3:
        table = TCVN3_TABLE
        decoded = "".join(table.get(character, character) for character in text)
        foreign = (c for c in text if ord(c) >= 0xC0 and c not in table and c.isalpha())
    else:
        decoded = _VNI_PATTERN.sub(lambda match: VNI_TABLE[match.group()], text)
        foreign = (c for c in _VNI_PATTERN.sub("", text) if ord(c) >= 0xC0 and c.isalpha())
    if any(foreign):
        return None
    # Capital ABC fonts draw small letters as capitals: only the plain letters say that capitals are meant.
    plain = [c for c in text if c.isascii() and c.isalpha()]
    if len(plain) > 2 and all(c.isupper() for c in plain):
        return decoded.upper()
    return _capitalised(decoded) if encoding == TCVN3 else decoded


def _capitalised(text: str) -> str:
    """A name whose other words are capitalised, wholly so: ABC has no capital for «ánh», and people type «¸nh»."""
    words = text.split(" ")
    # A small letter that ABC has a capital for is meant small.
    small = any(word[:1].islower() and word[0] in _CAPITALISED for word in words)
    if small or not any(word[:1].isupper() for word in words):
        return text
    return " ".join(word[:1].upper() + word[1:] for word in words)


def decode_bytes(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with or without its mark, windows-1258, or Latin-1 (what ABC and VNI use)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    windows = _strict(data, "cp1258")
    latin = _strict(data, "cp1252") or data.decode("latin-1")
    if windows is None:
        return latin
    sample = slice(0, 65536)
    cells = re.split(r"[\t;,\r\n]", latin[sample])
    best_latin = max(sum(score(_decoded(cell, name) or cell) for cell in cells) for name in (TCVN3, VNI))
    return unicodedata.normalize("NFC", windows) if score(windows[sample]) >= best_latin else latin


@cache
def _undefined(encoding: str) -> frozenset[int]:
    return frozenset(byte for byte in range(256) if not bytes([byte]).decode(encoding, errors="ignore"))


def _strict(data: bytes, encoding: str) -> str | None:
    return None if _undefined(encoding).intersection(data) else data.decode(encoding)
