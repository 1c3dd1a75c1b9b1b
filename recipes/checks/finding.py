"""What a check says."""

import dataclasses

# From the one that needs nobody to the one that needs somebody first.
VERDICTS = ("not applicable", "not known", "pass", "warn", "fail")


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: str, what was looked at.
        verdict: str, one of `VERDICTS`: "pass"; "warn", look at it; "fail", a training would be
            spoilt; "not known", there is no theory to hold it against; "not applicable", this kind
            of learning has no such thing.
        found: str, what was measured.
        advice: str, what to do about it; empty where there is nothing to do. Defaults to "".
    """

    check: str
    verdict: str
    found: str
    advice: str = ""

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"`verdict` of a Finding must be one of {', '.join(map(repr, VERDICTS))}. "
                f"Received: verdict={self.verdict!r}."
            )


class NotApplicable(Exception):
    """A check has no meaning for a model; the text says why."""


def worst(findings):
    """Return the worst verdict among findings, "pass" where there are none.

    >>> worst([Finding("a", "pass", ""), Finding("b", "warn", "")])
    'warn'
    """
    return max((f.verdict for f in findings), key=VERDICTS.index, default="pass")


def listed(names, most=4):
    """Return names as a text, the first few of many.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = list(names)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
