"""A command that is denied: with a code, a sentence, what to do, and until when."""


class Denied(Exception):
    """A command is denied; nothing has happened.

    Parameters
    ----------
    code
        for programs: "not_allowed", "not_found", "conflict", "wrong_stage", "not_owner", "absent", "left", "refused",
        "complained", "cooling", "full", "day_full", "no_claims_left", "embargo", "not_in_pool", "not_eligible", ...
    sentence
        what stands in the way, for people
    remedy
        what mends it; "" = nothing does
    until
        when it is over by itself, in microseconds UTC; None = it is not
    """

    def __init__(self, code: str, sentence: str, remedy: str = "", until: int | None = None) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.remedy, self.until = code, sentence, remedy, until
