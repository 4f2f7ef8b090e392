"""What a period brought, in figures: response, conversion, use, turnover, evenness; reports, and before against after.

All of it is computed from `Facts`, plain columns of leads, ownerships and reps, which `of_book` reads of a desk and
`of_history` of a CRM's history, so that there is a "before" on the first day of a desk. Leads that nobody has answered
or won yet count for as long as they wait: they are never left out.
"""

from leadopt.desk.figures.before_after import BeforeAfter, before_after
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.history_columns import HistoryColumns
from leadopt.desk.figures.metrics import Metrics, metrics
from leadopt.desk.figures.of_book import facts_of_book
from leadopt.desk.figures.of_history import facts_of_history
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.reports import Report, monthly, weekly

__all__ = [
    "BeforeAfter",
    "Facts",
    "HistoryColumns",
    "Metrics",
    "Period",
    "Report",
    "before_after",
    "facts_of_book",
    "facts_of_history",
    "metrics",
    "monthly",
    "weekly",
]
