"""Bytes of a file as text: by its mark, as UTF-8, or in the two encodings that spreadsheets still write.

A guess among all encodings goes wrong on files as short as these, and what comes out looks like text. So only those are
tried that Excel writes by itself, in Western Europe (Windows-1252) and China (GB18030), and each must look like what
it would be; anything else is refused.
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
_CHINESE_SHARE = 0.8  # of characters beyond ASCII that are among the 3,755 commonest or punctuation, in Chinese text
_LATIN_SIGNS = frozenset("€£§©®°²³µ·«»‘’“”„–—…¿¡ªº´¨•\u00a0™‚‹›")
_WORD = re.compile(r"[^\W\d_]+")


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
    encoding = "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Undecodable(_line(content, place), 0) from None
    strange = (c for c in text if unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\r\n")
    if next(strange, None) is not None:
        raise Undecodable(_line(content, place), 0)
    return text


def _looks_chinese(text: str) -> bool:
    beyond = [character for character in text if not character.isascii()]
    return sum(map(_is_common, beyond)) >= _CHINESE_SHARE * len(beyond)


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
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return all(_is_western(word) for word in words)


def _is_western(word: str) -> bool:
    strange = [not letter.isascii() for letter in word]
    three = any(all(strange[k : k + 3]) for k in range(len(word) - 2))
    capital_within = any(not b.isascii() and b.isupper() and a.islower() for a, b in pairwise(word))
    return not three and not capital_within and (len(word) < 3 or sum(strange) * 2 <= len(word) + 1)
