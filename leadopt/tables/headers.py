"""What columns are called in people's own files: the words for each of `Columns`, and which header means which.

The words are data: English, Chinese, German, Spanish and French, as CRM exports and spreadsheets have them. They only
propose. Nothing is read because its header looks like a word here; a note says so, and the policy decides.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal

Kind = Literal["leads", "reps", "history"]

# The best word of a field first: English, Chinese, German, Spanish, French. Letter case, blanks, punctuation and
# accents do not count; a word of several parts is also found within a longer header ("Sales Rep Name (primary)").
_TEXT: Mapping[str, str] = MappingProxyType(
    {
        "lead_id": """
            lead id; lead; lead no; lead number; lead nr; lead key; leads id; lead name; opportunity id; opp id;
            opportunity; opportunity name; deal id; deal; deal name; record id; contact id; inquiry id;
            enquiry id; enquiry no; prospect id; prospect; request id; ticket id; case id; case number; id; no;
            number; key; lead title; deal title; opportunity title; title; subject;
            线索id; 线索编号; 线索; 线索号; 客户编号; 客户id; 商机编号; 商机id; 商机; 编号;
            lead-nr; leadnummer; anfrage-nr; anfragenummer; anfrage; vorgang; vorgangsnummer; interessent;
            interessenten-nr; kontakt-id; chance; nummer; nr; id lead; id de lead; id del lead; prospecto;
            id prospecto; cliente potencial; oportunidad; id oportunidad; contacto; número; núm; código;
            id du lead; id prospect; piste; id piste; opportunité; id opportunité; affaire; numéro; n°;
            identifiant
        """,
        "rep_id": """
            rep id; rep; sales rep; sales rep id; rep name; sales rep name; salesrep; salesperson; sales person;
            sales agent; agent; agent id; agent name; owner; owner id; owner name; lead owner; deal owner;
            opportunity owner; contact owner; record owner; account owner; assigned to; assigned rep; assignee;
            assigned user; responsible; handled by; closer; seller; account executive; ae; bdr; sdr;
            representative; employee; employee id; staff; user; user id; user name; name; full name; id;
            consultant; advisor;
            销售; 销售id; 销售编号; 销售员; 销售人员; 销售代表; 业务员; 负责人; 跟进人; 客户经理; 顾问; 所有者;
            归属人; 员工; 员工编号; 工号; 姓名;
            vertreter; verkäufer; verkäufer-id; vertriebler; vertriebsmitarbeiter; mitarbeiter; mitarbeiter-id;
            mitarbeiternummer; außendienst; außendienstmitarbeiter; berater; besitzer; betreuer; zuständig;
            zuständiger; verantwortlich; verantwortlicher; bearbeiter; inhaber; vendedor; vendedora;
            id vendedor; comercial; representante; asesor; agente; propietario; responsable; asignado a;
            ejecutivo; nombre; empleado; commercial; commerciale; id commercial; vendeur; conseiller;
            représentant; propriétaire; attribué à; assigné à; nom; collaborateur; chargé d'affaires
        """,
        "value": """
            value; lead value; deal value; deal size; deal amount; amount; opportunity amount; expected value;
            estimated value; est value; potential value; expected revenue; revenue; deal revenue;
            contract value; order value; acv; arr; mrr; price; budget; premium; close value; sales price; total;
            worth;
            金额; 价值; 预计金额; 成交金额; 合同金额; 订单金额; 销售金额; 预算; 客单价;
            wert; auftragswert; betrag; volumen; auftragsvolumen; umsatz; erwarteter umsatz; angebotssumme;
            auftragssumme; potenzial; valor; valor estimado; importe; monto; importe estimado; ingresos;
            presupuesto; valeur; montant; montant estimé; revenu; chiffre d'affaires; ca; budget estimé
        """,
        "currency": """
            currency; currency code; deal currency; amount currency; iso currency; ccy;
            币种; 货币;
            währung; währungscode; moneda; divisa; devise; monnaie
        """,
        "capacity": """
            capacity; max leads; maximum leads; lead capacity; lead limit; lead cap; daily cap; daily capacity;
            daily limit; cap; slots; quota; limit; max; most; batch size; leads per day; leads per week;
            leads per month; max new leads; max assignments;
            容量; 最大线索数; 线索上限; 上限; 名额; 最大数量; 产能; 承接量; 配额;
            kapazität; max. leads; höchstens; obergrenze; plätze; kontingent; tageskapazität; capacidad; máximo;
            máx. leads; máximo de leads; límite; cupo; cupos; plazas; capacité; maximum; max. de leads; limite;
            plafond; places; quota de leads
        """,
        "available": """
            available; avail; availability; is available; available?; on duty; in office; present; active;
            is active; working; working today; at work; in today; attending; here; fte;
            可用; 是否可用; 在岗; 是否在岗; 出勤; 是否出勤; 在职; 上班; 是否上班; 可接单;
            verfügbar; verfügbarkeit; anwesend; anwesenheit; im dienst; im haus; aktiv; da; disponible;
            disponibilidad; presente; de servicio; de turno; activo; activa; disponibilité; présent; présente;
            en service; actif; active
        """,
        "open_leads": """
            open leads; leads open; current leads; active leads; working leads; leads in progress;
            open opportunities; open deals; open; in progress; pipeline; workload; current load; current open;
            leads in work; backlog;
            在跟线索; 跟进中; 在跟进数; 当前线索数; 未结线索; 进行中; 在手线索;
            offene leads; leads offen; offen; in arbeit; offene vorgänge; laufende leads; leads abiertos;
            abiertos; en curso; oportunidades abiertas; leads activos; leads ouverts; ouverts; en cours;
            leads en cours; opportunités ouvertes
        """,
        "max_open": """
            max open; max open leads; maximum open; maximum open leads; open lead limit; open limit;
            max in progress; max active leads; max pipeline; max workload;
            最大在跟数; 最大跟进数; 在跟上限; 跟进上限; 私海上限;
            max offen; max. offene leads; maximal offen; höchstens offen; máx. abiertos; máximo abiertos;
            máximo de leads abiertos; max. ouverts; maximum ouverts; maximum de leads ouverts
        """,
        "min_leads": """
            min leads; minimum leads; min; minimum; at least; fewest leads; guaranteed leads;
            最少线索数; 最少; 最低数量; 保底; 保底数;
            mindestens; min. leads; mindestanzahl; mindestmenge; mínimo; mín. leads; mínimo de leads; au moins;
            min. de leads; minimum de leads
        """,
        "effort": """
            effort; effort hours; hours needed; hours required; estimated hours; est hours; work hours;
            handling time; time needed; duration; duration hours;
            工时; 预计工时; 所需工时; 耗时;
            aufwand; aufwand (h); stunden aufwand; dauer; bearbeitungszeit; zeitbedarf; esfuerzo;
            horas estimadas; duración; horas necesarias; effort estimé; heures estimées; durée; charge;
            temps nécessaire
        """,
        "hours": """
            hours; working hours; hours available; available hours; work hours; time budget;
            工作时间; 可用工时; 工作小时; 小时;
            stunden; arbeitsstunden; arbeitszeit; verfügbare stunden; horas; horas disponibles;
            horas de trabajo; jornada; heures; heures disponibles; heures de travail; temps de travail
        """,
        "open_hours": """
            open hours; hours booked; booked hours; hours taken; busy hours; committed hours;
            已占用工时; 已用工时;
            gebundene stunden; belegte stunden; offene stunden; verplante stunden; horas ocupadas;
            horas comprometidas; heures occupées; heures prises; heures engagées
        """,
        "pace": """
            pace; speed factor; time factor; handling factor;
            速度系数; 用时系数;
            tempo; zeitfaktor; arbeitstempo; ritmo; factor de tiempo; rythme; cadence; facteur de temps
        """,
        "credit": """
            credit; leads owed; owed; carry over; carryover; balance owed;
            欠配; 欠额; 结转;
            guthaben; übertrag; gutschrift; crédito; saldo; saldo pendiente; crédit; solde; report
        """,
        "in_fairness": """
            in fairness; counts for fairness; 参与分配; in verteilung; en reparto; dans le partage
        """,
        "carried": """
            carried; carried over; left over; 余量; rest; resto; reste
        """,
        "owner": """
            owner; account owner; key account manager; 客户所有者; kundenbetreuer; propietario de la cuenta;
            propriétaire du compte
        """,
        "count": """
            number of leads; lead count; leads counted; n leads; count of leads; 线索数量; anzahl leads;
            número de leads; cantidad de leads; nombre de leads
        """,
        "current_rep": """
            current rep; current owner; 当前负责人; aktueller vertreter; rep actual; commercial actuel
        """,
        "is_newcomer": """
            is newcomer; newcomer; is new; new hire; new; rookie; trainee; is trainee; junior; onboarding;
            in training; ramping;
            新人; 是否新人; 新员工; 是否新员工; 实习;
            neuling; neu; ist neu; neuer mitarbeiter; einarbeitung; in einarbeitung; anfänger; nuevo; es nuevo;
            novato; en formación; principiante; nouveau; est nouveau; débutant; en formation; nouvelle recrue
        """,
        "tenure_days": """
            tenure days; tenure; days employed; days since hire; days of tenure; days on the job;
            入职天数; 在职天数; 工龄天数;
            tage im haus; tage dabei; betriebszugehörigkeit (tage); betriebszugehörigkeit; dienstalter;
            días en la empresa; antigüedad; antigüedad (días); días de antigüedad; jours d'ancienneté;
            ancienneté; ancienneté (jours)
        """,
        "hired_on": """
            hired on; hire date; hired; hired at; start date; joined; joined on; join date; date hired;
            employment date; date of joining; doj; employed since; first day;
            入职日期; 入职时间; 入职日; 到岗日期;
            eingestellt am; eintrittsdatum; eintritt; einstellungsdatum; angestellt seit; dabei seit;
            fecha de contratación; fecha de ingreso; fecha de alta; contratado el; ingreso; date d'embauche;
            embauché le; date d'entrée; entrée; arrivée
        """,
        "territory": """
            territory; sales territory; region; sales region; area; sales area; district; zone;
            区域; 地区; 大区; 片区; 销售区域;
            gebiet; vertriebsgebiet; verkaufsgebiet; bezirk; bereich; territorio; región; zona; área;
            territoire; région; secteur; zone géographique
        """,
        "converted": """
            converted; is converted; won; is won; outcome; result; won lost; won/lost; status; deal stage;
            stage; lead status; lead stage; opportunity stage; deal status; closed won; is closed won;
            conversion; success; sold; sale; purchased; order status; state;
            是否成交; 成交; 结果; 是否转化; 转化; 状态; 阶段; 销售阶段; 商机阶段; 跟进状态; 赢单; 是否赢单;
            gewonnen; abgeschlossen; ergebnis; erfolg; status; phase; stufe; verkauft; ausgang; ganado; ganada;
            convertido; resultado; estado; etapa; fase; vendido; éxito; gagné; gagnée; converti; résultat;
            statut; étape; issue; vendu; état
        """,
        "at": """
            at; closed at; close date; closed date; closed on; date closed; closing date; closed; close time;
            settled on; settled at; decided on; won on; won date; won time; conversion date; converted date;
            converted on; converted at; deal closed date; actual close date; end date; last modified date;
            last modified; updated at; date;
            成交日期; 成交时间; 结束日期; 关闭日期; 关单日期; 结单日期; 转化日期; 签约日期; 日期;
            abschlussdatum; abschluss; abgeschlossen am; geschlossen am; entschieden am; datum; fecha de cierre;
            fecha cierre; cerrado el; fecha; date de clôture; date de fermeture; clôturé le; fermé le;
            conclu le
        """,
        "assigned_at": """
            assigned at; assigned on; assigned date; date assigned; assignment date; assigned; lead assigned date;
            owner assigned date; given on; routed at; routed on; distributed on;
            分配日期; 分配时间; 分派日期; 派单时间; 派单日期;
            zugewiesen am; zugeteilt am; zuweisungsdatum; übergeben am; fecha de asignación; asignado el;
            date d'attribution; attribué le; affecté le; assigné le
        """,
    }
)

_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {field: tuple(word.strip() for word in text.split(";")) for field, text in _TEXT.items()}
)

READ_OF: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "leads": ("lead_id", "value", "currency", "effort", "territory", "owner", "current_rep"),
        "reps": (
            *("rep_id", "capacity", "available", "open_leads", "max_open", "min_leads", "hours", "open_hours"),
            *("pace", "credit", "in_fairness", "carried", "is_newcomer", "tenure_days", "hired_on", "territory"),
        ),
        "history": ("rep_id", "converted", "at", "assigned_at", "lead_id", "value", "currency", "count"),
    }
)
"""Fields of `Columns` that are read of each table."""

NOT_READ = ("owner", "count")
"""Fields that are read only where they are named: a "Lead Owner" may well be whose queue the lead waits in."""

NEEDED: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {"leads": ("lead_id",), "reps": ("rep_id",), "history": ("rep_id", "converted")}
)
"""Fields of which a table must have a column."""

# Too many things are called so that a header of one of these words alone would tell: only where nothing else is there
# for a field that a table must have.
_VAGUE_TEXT = """
    ae; area; bereich; budget; ca; cap; chance; charge; closed; contacto; código; da;
    dauer; deal; deal name; duration; end date; full name; here; id; identifiant; key;
    last modified; last modified date; lead name; limit; limite; límite; max; min; most; name; neu; new;
    no; nom; nombre; nouveau; nr; nuevo; number; nummer; numéro; n°; núm; número; oferta; open;
    opportunity name; phase; premium; price; quota; report; revenue; saldo; solde; staff; stage; state;
    status; subject; title; total; umsatz; updated at; user; work hours; zone;
    上限; 姓名; 小时; 编号
"""

_BESIDE = frozenset({"rep", "reps", "sales", "agent", "lead", "leads", "crm", "today", "heute", "hoy"})
"""Parts of a header that say whose column it is and no more: "Rep capacity", "Capacity today"."""

_UNIT_TEXT = "eur usd gbp chf cny rmb inr cad aud jpy € $ £ ¥ 元 万元 h hr hrs std % #"
_UNITS = frozenset(_UNIT_TEXT.split())

_ALIKE = 0.88  # similarity of a header with a typing error in it; "inactive" and "active" have 0.86
_LONG = 5  # letters from which a typing error leaves a word recognisable

_EXACT, _TRIMMED, _MISTYPED, _WITHIN = range(4)


def likely(columns: Sequence[str], kind: Kind) -> dict[str, str]:
    """Return which header probably means which field of `Columns`, by its name alone: proposals, to be looked at.

    Parameters
    ----------
    columns
        the headers of a table
    kind
        "leads", "reps" or "history"

    Returns
    -------
    dict
        from fields of `Columns` to headers, each header once, fields that nothing fits left out

    Examples
    --------
    >>> likely(["Lead-Nr.", "Firma", "Auftragswert (EUR)"], "leads")
    {'lead_id': 'Lead-Nr.', 'value': 'Auftragswert (EUR)'}
    >>> likely(["Deal ID", "Deal Owner", "Stage", "Close Date"], "history")
    {'rep_id': 'Deal Owner', 'converted': 'Stage', 'at': 'Close Date', 'lead_id': 'Deal ID'}
    """
    fields = tuple(field for field in READ_OF[kind] if field not in NOT_READ)
    found = _given_out(columns, fields)
    return {field: found[field] for field in fields if field in found}


def clearly(columns: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    """Return the same for some fields, where the header can hardly mean anything else.

    >>> clearly(["Avail", "Status", "Capcity"], ("capacity", "available", "converted"))
    {'capacity': 'Capcity', 'available': 'Avail'}
    """
    found = _given_out(columns, fields, vague=False)
    return {field: found[field] for field in fields if field in found}


def header_for(field: str, columns: Sequence[str]) -> str | None:
    """Return the header that most probably means a field, None where none looks like it.

    >>> header_for("rep_id", ["Verkäufer", "Kapazität"]), header_for("rep_id", ["x"])
    ('Verkäufer', None)
    """
    if field not in _WORDS:
        return None
    usual = {word for other in _WORDS if other not in (field, *NOT_READ) for word in _folded_words(other)}
    usual -= _folded_words(field).keys()  # "Closed On" is when, and not a "closed won" with a typing error
    return _given_out([column for column in columns if folded(column) not in usual], (field,)).get(field)


def same_header(name: str, columns: Sequence[str]) -> str | None:
    """Return the column that has this name but for letter case, blanks, punctuation and accents, None if none has.

    >>> same_header("On duty", ["rep_id", "ON_DUTY "])
    'ON_DUTY '
    """
    return next((column for column in columns if folded(column) == folded(name) != ""), None)


def folded(header: str) -> str:
    """Return a header without letter case, blanks, punctuation and accents.

    >>> folded("Verfügbar (%)"), folded("Lead_ID"), folded("是否在岗")
    ('verfugbar', 'leadid', '是否在岗')
    """
    plain = unicodedata.normalize("NFKD", header.casefold())
    return "".join(character for character in plain if character.isalnum())


def _given_out(columns: Sequence[str], fields: Sequence[str], *, vague: bool = True) -> dict[str, str]:
    """Return the header of each field, the best fit first; each field and each header once."""
    fits = sorted(
        (fit, rank, place)
        for rank, field in enumerate(fields)
        for place, column in enumerate(columns)
        if (fit := _fit(column, field, vague=vague)) is not None
    )
    found, taken = dict[str, str](), set[int]()
    for _, rank, place in fits:
        if fields[rank] not in found and place not in taken:
            found[fields[rank]] = columns[place]
            taken.add(place)
    return found


def _fit(header: str, field: str, *, vague: bool) -> tuple[bool, int, int] | None:
    """Return how well a header fits a field, the lower the better; None if it does not."""
    words = _folded_words(field)
    trimmed = "".join(_own_parts(header))
    for how, text in ((_EXACT, folded(header)), (_TRIMMED, trimmed)):
        if text in words:
            is_vague, rank = words[text]
            return (is_vague, how, rank) if vague or not is_vague else None
    if (near := _mistyped(trimmed, words)) is not None:
        return False, _MISTYPED, near
    within = _within(header, field) if vague else None
    return None if within is None else (True, _WITHIN, within)


def _mistyped(text: str, words: Mapping[str, tuple[bool, int]]) -> int | None:
    if len(text) < _LONG or not text.isascii():
        return None
    from difflib import SequenceMatcher

    return next(
        (
            rank
            for word, (is_vague, rank) in words.items()
            if not is_vague
            and word[:1] == text[0]
            and abs(len(word) - len(text)) <= 2
            and SequenceMatcher(None, text, word).ratio() >= _ALIKE
        ),
        None,
    )


def _within(header: str, field: str) -> int | None:
    """Return the rank of the first word of several parts that stands within a header."""
    text = f" {' '.join(_parts(header))} "
    return next((rank for rank, word in _longer_words(field) if word in text), None)


def _own_parts(header: str) -> list[str]:
    """Return the parts of a header without units, what stands in brackets, and whose column it is."""
    parts = [part for part in _parts(re.sub(r"[(\[（【].*?[)\]）】]", " ", header)) if part not in _UNITS]
    return [part for part in parts if part not in _BESIDE] or parts


def _parts(header: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", header)
    return [folded(part) or part for part in re.split(r"[\s_\-./:,;|?!]+", spaced) if part]


@cache
def _folded_words(field: str) -> Mapping[str, tuple[bool, int]]:
    """Return the words of a field as they are compared, with whether each is vague and where it stands in the list."""
    vague = {folded(word) for word in _VAGUE_TEXT.split(";")}
    found = dict[str, tuple[bool, int]]()
    for rank, word in enumerate((field.replace("_", " "), *_WORDS[field])):
        for text in (folded(word), folded(_without_umlauts(word))):
            found.setdefault(text, (text in vague, rank))
    return found


@cache
def _longer_words(field: str) -> tuple[tuple[int, str], ...]:
    """Return the words that are looked for within headers: of several parts, or written without blanks."""
    words = [(rank, _parts(word)) for rank, word in enumerate(_WORDS[field])]
    several = [(rank, f" {' '.join(parts)} ") for rank, parts in words if len(parts) > 1]
    return (*several, *((rank, parts[0]) for rank, parts in words if parts[0][:1] >= "\u4e00" and len(parts[0]) > 1))


def _without_umlauts(word: str) -> str:
    return word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
