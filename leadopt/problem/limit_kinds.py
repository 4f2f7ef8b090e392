"""`LimitKind`: what a limit is for. Parts of leadopt know a limit by it, as names are for people."""

from enum import StrEnum

from leadopt.errors import InvalidInput, did_you_mean


class LimitKind(StrEnum):
    """What a limit is for; the value is the word for it in saved plans and in ``what_if(without=...)``.

    The slots of a rep are no limit: they are `Problem.capacity`.
    """

    OWN = "own"  # whatever its user wants
    MINIMUM = "minimum"
    HOURS = "hours"
    FAIRNESS_BAND = "fairness band"
    VALUE_BAND = "value band"
    HOT_LEAD_BAND = "hot-lead band"
    FAIR_SHARE = "fair share"
    EVEN_SHARE = "even share"  # assumed where nobody names a capacity
    NEWCOMER_QUOTA = "newcomer quota"
    NEWCOMER_VALUE_QUOTA = "newcomer value quota"
    NEWCOMER_CEILING = "newcomer ceiling"
    NEWCOMER_MINIMUM = "newcomer minimum"
    OWNER = "owner first"

    @classmethod
    def of(cls, kind: object) -> "LimitKind":
        """Return the kind that a word stands for.

        Raises
        ------
        InvalidInput
            there is no such kind; names the nearest

        Examples
        --------
        >>> LimitKind.of("hours")
        <LimitKind.HOURS: 'hours'>
        """
        try:
            return cls(kind)  # type: ignore[arg-type]
        except ValueError:
            raise InvalidInput(f"kind of a limit: found {kind!r}{did_you_mean(str(kind), cls)}") from None

    @classmethod
    def called(cls, words: str) -> frozenset["LimitKind"]:
        """Return the kinds that some words fit, in any order: "band" stands for three of them.

        >>> sorted(LimitKind.called("newcomer quota"))
        [<LimitKind.NEWCOMER_QUOTA: 'newcomer quota'>, <LimitKind.NEWCOMER_VALUE_QUOTA: 'newcomer value quota'>]
        """
        wanted = set(words.casefold().split())
        return frozenset(kind for kind in cls if wanted and wanted <= set(kind.split()))

    @property
    def is_newcomer_quota(self) -> bool:
        """Whether it belongs to a newcomer quota: its minimums and its ceiling."""
        return self in _NEWCOMERS


_NEWCOMERS = LimitKind.called("newcomer")
