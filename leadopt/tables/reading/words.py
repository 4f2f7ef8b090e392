"""Words that cells hold in English, German, Spanish, French and Chinese, and how they are compared."""

import re
import unicodedata

_WHOLE = re.compile(r"(\d+)[.,]0+")
_BETWEEN = re.compile(r"[\s_\-–—/:.]+")


def folded(text: str) -> str:
    """Return a word as it is compared: without case, accents, and marks between its parts.

    A number keeps its marks: -1 is not 1.

    >>> folded(" Closed-Won "), folded("Gagné"), folded("ＹＥＳ"), folded("赢单"), folded("-1")
    ('closed won', 'gagne', 'yes', '赢单', '-1')
    """
    plain = text.casefold()
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    found = " ".join(_BETWEEN.split(plain)).strip()
    return plain.strip() if found.isdecimal() else found


def folded_outcome(text: str) -> str:
    """Return a word of a column of outcomes as it is compared: a whole number with decimals is one without.

    >>> folded_outcome("1.0"), folded_outcome("0,00"), folded_outcome("1-0")
    ('1', '0', '1 0')
    """
    whole = _WHOLE.fullmatch(text.strip())
    return folded(text) if whole is None else whole[1]


def _words(text: str) -> frozenset[str]:
    return frozenset(folded(word) for word in text.split(",") if word.strip())


YES = _words("""
    1, true, yes, y, ja, wahr, sí, s, verdadero, oui, o, vrai, 是, 对, 真, sim, vero
""")
NO = _words("""
    0, false, no, n, nein, falsch, falso, non, faux, 否, 不是, 错, 假, não
""")
WON = _words("""
    won, win, closed won, closed as won, converted, deal won, success, successful, sold, signed,
    gewonnen, abgeschlossen gewonnen, geschlossen gewonnen, erfolgreich, verkauft, auftrag erhalten, konvertiert,
    ganado, ganada, cerrado ganado, cerrada ganada, cierre ganado, vendido, vendida, convertido, convertida,
    gagné, gagnée, fermé gagné, fermée gagnée, clos gagné, clôturé gagné, clôturée gagnée, conclu, conclue, vendu,
    vendue, converti, convertie,
    成交, 已成交, 赢单, 已赢单, 赢, 赢得, 已赢得, 成功, 已签约, 签约, 结单成功, 关闭赢单, 结束赢单, 已转化, 已转换,
    ganho, fechado ganho, vinto, chiuso vinto
""")
LOST = _words("""
    lost, loss, closed lost, closed as lost, not converted, unconverted, deal lost, closed lost to competition,
    verloren, abgeschlossen verloren, geschlossen verloren, nicht gewonnen, nicht konvertiert, abgesagt, erfolglos,
    perdido, perdida, cerrado perdido, cerrada perdida, cierre perdido, no ganado, no ganada, no convertido,
    perdu, perdue, fermé perdu, fermée perdue, clos perdu, clôturé perdu, clôturée perdue, non gagné, non converti,
    输单, 已输单, 丢单, 已丢单, 输, 失败, 未成交, 战败, 流失, 已流失, 结单失败, 关闭输单, 结束输单, 未转化, 未转换,
    丢失,
    fechado perdido, perso, chiuso perso
""")
OPEN = _words("""
    open, new, in progress, pending, ongoing, working, active, in pipeline, undecided, not yet,
    prospecting, qualification, needs analysis, value proposition, id decision makers, perception analysis,
    proposal, proposal price quote, price quote, negotiation, negotiation review,
    appointment scheduled, qualified to buy, presentation scheduled, decision maker bought in, contract sent,
    identify decision makers, open not contacted, working contacted,
    offen, neu, in bearbeitung, laufend, ausstehend, verhandlung, in verhandlung, angebot, angebot erstellt,
    abierto, abierta, nuevo, nueva, en curso, en proceso, en progreso, pendiente, negociación,
    en negociación, propuesta,
    ouvert, ouverte, nouveau, nouvelle, en cours, en attente, négociation, en négociation, proposition,
    进行中, 跟进中, 待跟进, 待定, 新建, 新线索, 未结束, 洽谈, 洽谈中, 谈判, 谈判中, 商务谈判, 方案报价, 报价, 初步接洽,
    需求确定, 开放, 未处理, 处理中,
    aberto, aperto, em andamento, in corso
""")
THERE = _words("""
    available, present, in, on duty, here, verfügbar, anwesend, da, disponible, presente, présent, présente, 在岗, 可用,
    在职, 有空
""")
AWAY = _words("""
    unavailable, not available, away, absent, out, off, off duty, on leave, leave, vacation, holiday, sick, pto,
    nicht verfügbar, abwesend, urlaub, krank, im urlaub, no disponible, ausente, vacaciones, de vacaciones, baja,
    indisponible, non disponible, absente, congé, en congé, vacances, 休假, 请假, 不在, 离岗, 不可用, 病假
""")
_NOTHING_TEXT = """
    - -- – — n/a n.a. na #n/a #na null (null) none (none) nil nan <na> \\n k.a. s/d n/d (blank) (leer) (vide) 无 暂无
"""
NOTHING = frozenset(_NOTHING_TEXT.split())
"""What people and programs write where there is nothing."""

# What a word that is not known may mean, for proposals alone: parts of it, or whole words between blanks.
_HINT_TEXT = {
    "lost": """
        lost; closedlost; deallost; verlor; verlust; perd; 丢; 输; 失败; 战败; 流失; 无效; 放弃; 拒绝; 取消; dead;
        disqualif; reject; abandon; cancel;
        declin; refus; rechaz; abgelehnt; abgesagt; absage; storn; annul; no go; junk; fail; dropped; gescheitert;
        kein interesse; no interest; not interested; sin interes; pas interess; desist; descart; churn; gekundigt
    """,
    "won": """
        gewonn; ganad; gagn; 成交; 赢; 成功; 签约; 签单; 成单; 下单; signed; signe; firmad; sold; success; beauftragt;
        auftrag erhalten; auftrag erteilt; order received; order placed; po received; ordered; bestellt; vendu; vendid;
        verkauft; unterschrieben; unterzeichnet; contrat conclu; purchased; bought; deal done
    """,
}
_HINTS = {meaning: tuple(folded(part) for part in text.split(";")) for meaning, text in _HINT_TEXT.items()}
_WINS = re.compile(r"\b(?:closed|deal)?(?:won|wins?)\b(?! back)")
_CUSTOMERS = re.compile(r"(?:(?:new|now|is|became|neuer?|nuevo|nouveau) )?(?:customer|kunde|cliente?|client)s?")
_WONT = re.compile(r"\b(?:won['’]?t|wont)\b")
_NOT = re.compile(r"^(?:(?:not|non|no|nicht|keine?|pas|sin|sans|never|nie|nunca|un)\b ?|un(?=s)|未|不|没有?)")


def says_nothing(text: str) -> bool:
    """Return whether text stands for a missing cell: it is blank, or one of `NOTHING`.

    >>> says_nothing(" "), says_nothing("N/A"), says_nothing("0")
    (True, True, False)
    """
    word = text.strip()
    return not word or word.casefold() in NOTHING


def guess(word: str) -> str:
    """Return what an unknown outcome is proposed as: "won", "lost", or "open".

    >>> guess("Closed Won - upsell"), guess("Lost to competitor"), guess("Demo held")
    ('won', 'lost', 'open')
    """
    plain = folded(word)
    if _WONT.search(plain):
        return "lost"
    negated = _NOT.match(plain)
    for meaning, parts in _HINTS.items():
        if _sounds(plain, parts) or (meaning == "won" and _wins(plain)):
            if negated is None or any(plain.startswith(part) for part in parts):
                return meaning
            rest = plain[negated.end() :]
            return "lost" if meaning == "won" else "open" if rest.startswith(parts) else "lost"
    return "open"


def _sounds(plain: str, parts: tuple[str, ...]) -> bool:
    """Return whether a word begins with one of these, where words have blanks between: "assigned" is not "signed"."""
    return any(re.search(part if part[0] > "z" else rf"(?<![a-z]){part}", plain) for part in parts) or (
        plain.startswith("un") and any(plain.startswith(part, 2) for part in parts)
    )


def _wins(plain: str) -> bool:
    return _WINS.search(plain) is not None or _CUSTOMERS.fullmatch(plain) is not None
