"""Three raw exports each, in the shapes that public exports of CRMs have: words, dates, money and ids of their own.

What is true of all of them: "Ann" wins web leads and "Bo" those of fairs, so that a plan that has read them says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

N_PAST = 240
START = date(2025, 1, 10)


@dataclass(frozen=True, kw_only=True)
class Export:
    """How one system writes its tables.

    `leads`, `reps` and `past` are headers; `won`, `lost` and `open` words; `day` and `money` write a cell.
    """

    leads: str
    reps: str
    past: str
    people: tuple[str, str]
    sources: tuple[str, str]
    won: str
    lost: str
    open: str
    day: Callable[[date], str]
    money: Callable[[float], str]
    separator: str = ","
    encoding: str = "utf-8"
    title: str = ""

    def write(self, folder: Path) -> None:
        """Write leads.csv, reps.csv and history.csv."""
        for name, rows in (("leads", self._leads()), ("reps", self._reps()), ("history", self._past())):
            header = {"leads": self.leads, "reps": self.reps, "history": self.past}[name].split("|")
            lines = [self.separator.join(map(self._cell, row)) for row in (header, *rows)]
            (folder / f"{name}.csv").write_bytes((self.title + "\n".join(lines) + "\n").encode(self.encoding))

    def _cell(self, cell: str) -> str:
        return f'"{cell}"' if self.separator in cell else cell

    def _leads(self) -> Iterator[list[str]]:
        for k in range(6):
            yield [f"L-{k + 1:03}", self.sources[k % 2], self.money(20500.5 + 1000 * k), f"Firma {k}"]

    def _reps(self) -> Iterator[list[str]]:
        for person in self.people:
            yield [person, "4"]

    def _past(self) -> Iterator[list[str]]:
        for k in range(N_PAST):
            rep, source = k % 2, k // 2 % 2
            wins = k % 10 < (7 if rep == source else 2)
            outcome = self.open if k % 40 == 39 else self.won if wins else self.lost
            day = self.day(START + timedelta(days=k))
            yield [f"P{k}", self.people[rep], self.sources[source], outcome, day, self.money(18000.25 + 10 * k)]


def _german(number: float) -> str:
    return f"{number:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _lakh(number: float) -> str:
    whole = f"{int(number)}"
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return "₹" + ",".join([*pairs[::-1], tail])


_EN = ("Web", "Trade show")
EXPORTS = {
    "salesforce": Export(
        leads="Opportunity ID|Lead Source|Amount|Account Name",
        reps="Full Name|Max Leads",
        past="Opportunity ID|Opportunity Owner|Lead Source|Stage|Close Date|Amount",
        people=("Ann Lee", "Bo Diaz"),
        sources=_EN,
        won="Closed Won",
        lost="Closed Lost",
        open="Negotiation/Review",
        day=lambda day: f"{day.month}/{day.day}/{day.year}",
        money=lambda number: f"USD {number:,.2f}",
    ),
    "hubspot": Export(
        leads="Record ID|Original Source|Deal Amount|Company",
        reps="Owner|Capacity",
        past="Record ID|Deal Owner|Original Source|Deal Stage|Close Date|Deal Amount",
        people=("ann@acme.com", "bo@acme.com"),
        sources=("Organic Search", "Offline Sources"),
        won="closedwon",
        lost="closedlost",
        open="appointmentscheduled",
        day=lambda day: f"{day:%Y-%m-%d} 10:05",
        money=lambda number: f"{number:.1f}",
    ),
    "pipedrive": Export(
        leads="ID|Label|Value|Organization",
        reps="Name|Daily capacity",
        past="ID|Owner|Label|Status|Won time|Value",
        people=("Ann", "Bo"),
        sources=("Inbound", "Outbound"),
        won="Won",
        lost="Lost",
        open="Open",
        day=lambda day: f"{day:%d %b, %Y} 00:03",
        money=lambda number: f"${number:,.2f}",
    ),
    "zoho": Export(
        leads="Lead Id|Lead Source|Expected Revenue|Company",
        reps="Sales Rep|Lead Limit",
        past="Deal Id|Deal Owner|Lead Source|Stage|Closing Date|Expected Revenue",
        people=("Ann", "Bo"),
        sources=_EN,
        won="Closed Won",
        lost="Closed-Lost to Competition",
        open="Value Proposition",
        day=lambda day: f"{day:%d-%m-%Y} 10:05",
        money=lambda number: f"{number:,.0f}",
        separator=";",
        encoding="utf-8-sig",
    ),
    "chinese": Export(
        leads="线索编号|来源|预计金额|公司名称",
        reps="销售|线索上限",
        past="线索编号|负责人|来源|阶段|成交日期|成交金额",
        people=("安娜", "博"),
        sources=("网站", "展会"),
        won="赢单",
        lost="输单",
        open="商务谈判",
        day=lambda day: f"{day.year}年{day.month}月{day.day}日",
        money=lambda number: f"￥{number:,.2f}",
    ),
    "german": Export(
        leads="Anfrage-Nr.|Quelle|Auftragswert|Firma",
        reps="Verkäufer|Kapazität",
        past="Anfrage-Nr.|Zuständig|Quelle|Ergebnis|Abschlussdatum|Auftragswert",
        people=("Müller, Anna", "Böhm, Bo"),
        sources=("Messe", "Webseite"),
        won="gewonnen",
        lost="verloren",
        open="in Bearbeitung",
        day=lambda day: f"{day:%d.%m.%Y}",
        money=lambda number: f"{_german(number)} €",
        separator=";",
    ),
    "spanish": Export(
        leads="Id Prospecto|Origen|Importe|Empresa",
        reps="Vendedor|Capacidad",
        past="Id Prospecto|Vendedor|Origen|Estado|Fecha de cierre|Importe",
        people=("Ana Núñez", "Beto Díaz"),
        sources=("Feria", "Sitio web"),
        won="Ganada",
        lost="Perdida",
        open="En negociación",
        day=lambda day: f"{day:%d/%m/%Y}",
        money=_german,
        separator=";",
    ),
    "indian": Export(
        leads="Enquiry No|Channel|Deal Value|Client",
        reps="Sales Executive|Leads per Day",
        past="Enquiry No|Sales Executive|Channel|Outcome|Closed On|Deal Value",
        people=("Anu", "Bala"),
        sources=("Walk-in", "IndiaMART"),
        won="Converted",
        lost="Not converted",
        open="Follow up",
        day=lambda day: f"{day:%d-%b-%y}",
        money=lambda number: _lakh(number * 10),
    ),
    "french": Export(
        leads="Identifiant|Origine|Montant|Société",
        reps="Commercial|Capacité",
        past="Identifiant|Commercial|Origine|Statut|Date de clôture|Montant",
        people=("Anne", "Benoît"),
        sources=("Salon", "Site"),
        won="Gagnée",
        lost="Perdue",
        open="En cours",
        day=lambda day: f"{day:%d/%m/%Y}",
        money=lambda number: f"{number:,.2f}".replace(",", "\u202f").replace(".", ",") + "\u00a0€",
        separator=";",
        encoding="utf-8-sig",
    ),
}
