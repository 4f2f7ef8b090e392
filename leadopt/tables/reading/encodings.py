"""Bytes of a file as text: by its mark, as UTF-8, or in the two encodings that spreadsheets still write.

A guess among all encodings goes wrong on files as short as these, and what comes out looks like text. So only those are
tried that Excel writes by itself, in Western Europe (Windows-1252) and China (GB18030), and each must look like what
it would be; what does not is refused. Text that looks right in one of them may still be in another.
"""

import codecs
import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from leadopt.errors import InvalidInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOOK = "a workbook: let its name end on"
_KINDS = (  # how files begin that are no text, in small letters
    (b"pk\x03\x04", f"{_BOOK} .xlsx"),
    (b"\xd0\xcf\x11\xe0", f"{_BOOK} .xls"),
    (b"%pdf", "a PDF: export the table as CSV"),
    (b"\x1f\x8b", "compressed: unpack it first"),
    *(
        (mark, "a web page: open it in a spreadsheet and save it as CSV")
        for mark in (b"<html", b"<!doctype", b"<table")
    ),
    (b"<?xml", "XML: export the table as CSV"),
)
_STRAY = 4  # times fewer bytes 0 than others: half are in UTF-16
_CHINESE_SHARE = 0.8  # of characters beyond ASCII that are among the 3,755 commonest or punctuation, in Chinese text
_EVERYWHERE_SHARE = 0.2  # of Chinese characters that are everywhere; half are, and a twelfth of any others
_SEVERAL = 4  # of which one that is everywhere may be by accident
_LATIN_SIGNS = frozenset("€£§©®°²³µ·«»‘’“”„–—…¿¡ªº´¨•\u00a0™‚‹›")
_WORD = re.compile(r"[^\W\d_]+")
# Bytes of Korean or Japanese come out as characters that are common, and hardly ever as those that are everywhere.
_EVERYWHERE = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三"
    "之进等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日社义事平形相全表间样"
    "与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系很情者最立代想已通并提直题程展五果料员入文总次"
    "品式设管特件长求老头基资流路级少山统接知组见计她手期根几九区强放决西被做必先回则任取据处客户销售索编号源金额名称状态黑白网站推荐渠"
    "城市负责赢输单跟交往广告话邮联司职备注姓电王李张刘陈杨赵黄周吴徐孙马朱胡林郭何罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛"
    "叶阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹易常武乔贺赖龚伟芳娜敏静丽军洋勇艳杰娟涛超秀霞刚桂北京"
    "海深圳州南东华"
)
_ALPHABETS = (  # letters beyond ASCII, of languages that Excel writes in Windows-1252
    *("áéíóúüñç", "áâãàçéêíóôõúü", "àâæçéèêëîïôœùûüöäñ", "äöüßéàè", "àèéìíîòóùú", "åäöæøéü", "áéëïöüèê", "àçèéíïòóúü"),
)
# Where letters do not stand in those languages, and do in Hungarian (ő), Czech (ě, ů) and Mac's Spanish (í, ñ).
_MISPLACED = re.compile(
    r"õ(?!e)|ì(?=[^\W\d_])|ù(?=[^\W\d_])|[^\W\d_][²³¹][^\W\d_]|[^\W\d_](?-i:[–—][a-zà-ÿ])|[°´¨](?=[à-ÿ])"
    r"|[^\W\d_]{3}(?<!qu)(?<!hui)(?<!ourd)’(?!(?:s|t|d|m|ll|re|ve)\b)[^\W\d_]",
    re.IGNORECASE,
)


class Undecodable(ValueError):
    """Bytes that are no text in a known encoding: the first that is none in UTF-8, and its line."""

    def __init__(self, line: int, byte: int) -> None:
        super().__init__(f"line {line}: byte {byte:#04x}")
        self.line, self.byte = line, byte


def decode(content: bytes) -> tuple[str, str | None]:
    r"""Return the text of a file, and the encoding if it was guessed; line ends are ``\n``.

    Raises
    ------
    Undecodable
        no encoding fits

    Examples
    --------
    >>> decode("id;Größe".encode("cp1252"))
    ('id;Größe', 'Windows-1252')
    >>> decode("编号,来源\r\n".encode("gb18030"))
    ('编号,来源\n', 'GB18030')
    """
    text, guessed = _decoded(content)
    return text.replace("\r\n", "\n").replace("\r", "\n"), guessed


def other_kind(content: bytes) -> str | None:
    """Return what a file is that is no text with separators, and what to do about it, in words.

    >>> other_kind(b"%PDF-1.7"), other_kind(b"lead_id")
    ('a PDF: export the table as CSV', None)
    """
    if content.startswith(b"PAR1") and content.endswith(b"PAR1"):
        return "Parquet: let its name end on .parquet"
    start = content[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return next((kind for mark, kind in _KINDS if start.startswith(mark)), None)


def read_text(path: str | Path) -> str:
    """Return the text of a file in UTF-8 or with the mark of another encoding, such as a policy's.

    Raises
    ------
    InvalidInput
        no such file, or it is in no known encoding
    """
    try:
        text, guessed = decode(Path(path).read_bytes())
    except Undecodable:
        text, guessed = "", "none"
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    if guessed is not None:
        raise InvalidInput(f"{path}: must be text in UTF-8")
    return text


def _decoded(content: bytes) -> tuple[str, str | None]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), None
            except UnicodeDecodeError as error:
                raise Undecodable(_line(content, error.start), content[error.start]) from None
    if b"\0" in content:
        return _unmarked_utf16(content), None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        wrong = Undecodable(_line(content, error.start), content[error.start])
    for encoding, name, looks_right in (
        ("gb18030", "GB18030", _looks_chinese),
        ("cp1252", "Windows-1252", _looks_western),
    ):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if looks_right(text):
            return text, name
    raise wrong


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1


def _unmarked_utf16(content: bytes) -> str:
    """Return text in which every other byte of what is ASCII is 0, as its halves are in UTF-16."""
    place = content.index(b"\0")
    if content.count(0) * _STRAY < len(content) and _is_plain(content.replace(b"\0", b"")):
        raise Undecodable(_line(content, place), 0)
    encoding = "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Undecodable(_line(content, place), 0) from None
    strange = (c for c in text if unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\r\n")
    if next(strange, None) is not None:
        raise Undecodable(_line(content, place), 0)
    return text


def _is_plain(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\r\n" for c in text)


def _looks_chinese(text: str) -> bool:
    beyond = [character for character in text if not character.isascii()]
    han = [character for character in beyond if "\u4e00" <= character <= "\u9fff"]
    needed = 1 if len(han) < _SEVERAL else max(2, _EVERYWHERE_SHARE * len(han))
    said = not han or sum(character in _EVERYWHERE for character in han) >= needed
    return said and sum(map(_is_common, beyond)) >= _CHINESE_SHARE * len(beyond)


def _is_common(character: str) -> bool:
    """Return whether a character is of the first level of GB 2312, or its punctuation and full-width forms."""
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= first <= 0xD7 or 0xA1 <= first <= 0xA3


def _looks_western(text: str) -> bool:
    r"""Return whether letters beyond ASCII stand as they do in Western languages: few, alone, and small within words.

    >>> _looks_western("José, Größe, Île"), _looks_western("Ïðîäàæè"), _looks_western("Za³o¿enie")
    (True, False, False)
    """
    if re.search(r"[^\W\d_][^\w\s\x21-\x7e’‘´·–—-][^\W\d_]|[\x80-\x9f]", text):  # a sign within a word
        return False
    if any(not c.isascii() and not c.isalpha() and c not in _LATIN_SIGNS and not c.isspace() for c in text):
        return False
    if _MISPLACED.search(text):
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return all(_is_western(word) for word in words)


def _is_western(word: str) -> bool:
    strange = [not letter.isascii() for letter in word]
    beyond = {letter for letter in word.casefold() if not letter.isascii()}
    if not any(beyond <= set(alphabet) for alphabet in _ALPHABETS):
        return False
    three = any(all(strange[k : k + 3]) for k in range(len(word) - 2))
    capital_within = any(not b.isascii() and b.isupper() and a.islower() for a, b in pairwise(word))
    return not three and not capital_within and (len(word) < 3 or sum(strange) * 2 <= len(word) + 1)
