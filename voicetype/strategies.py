"""The strategies: who hears for the drafts and who for what is to last, and when.

| strategy  | drafts                  | what is to last                     | in memory              |
|-----------|-------------------------|-------------------------------------|------------------------|
| dual      | the fast model          | the heavy one, beside it            | both                   |
| cascaded  | the fast model          | the heavy one, when nobody speaks   | one of the two         |
| single    | the heavy model, greedy | the same, with care, at pauses      | one                    |
| gated     | the heavy model, greedy | its sure words at once, else so     | one                    |
| remote    | the fast model          | a server, at pauses                 | the fast one           |
| streaming | a streaming server      | the same server                     | none                   |

The last two load models of this machine only while the server does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from voicetype.core.windows import Cadence, Looks

FAST, HEAVY = "fast", "heavy"
ROLES = (HEAVY, FAST)
"""The heavy one first: its conversion is the peak, and comes not on top of the other."""

_TICK_SAMPLES = 1_600
"""Of a streaming server's drafts: to ask what it has heard so far costs nothing."""

_SAVED_SAMPLES = 160_000
"""Ten seconds of speech have about 150 letters; what `typing.depth` lets a mend erase is 200."""


class Strategy(StrEnum):
    """As the configuration spells it."""

    DUAL = "dual"
    CASCADED = "cascaded"
    SINGLE = "single"
    GATED = "gated"
    REMOTE = "remote"
    STREAMING = "streaming"


class Kind(Enum):
    """What a unit is made of, and how."""

    MODEL = "a model for one worker"
    SHARED = "a model for both workers"
    GATED = "a model for both workers, whose sure words need no second look"
    IN_TURNS = "two models, one of which is in the memory"
    REMOTE = "a server for one worker"
    STREAMING = "a streaming server for both workers"


@dataclass(frozen=True, slots=True)
class Shape:
    """A unit: what is loaded, taken and let go of as a whole. `rests`: it leaves the memory when unused."""

    kind: Kind
    roles: tuple[str, ...]
    rests: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How a strategy is carried out. `shapes`: in the order in which they are loaded.

    `local`: the roles whose models must be on this machine. The rest is as in Cadence; a `tick_samples` of 0
    leaves the drafts' interval as it is configured. `judges`: the heavy worker always judges what stands.
    """

    shapes: tuple[Shape, ...]
    local: tuple[str, ...] = ROLES
    looks: Looks = Looks.THROUGHOUT
    tick_samples: int = 0
    saved_samples: int = 0
    phrases: bool = True
    judges: bool = False

    def cadence(self, usual: Cadence) -> Cadence:
        """The configured cadence, as far as it holds here."""
        return replace(
            usual,
            fast_samples=self.tick_samples or usual.fast_samples,
            looks=self.looks,
            saved_samples=self.saved_samples,
            phrases=self.phrases,
        )


PLANS = {
    Strategy.DUAL: Plan((Shape(Kind.MODEL, (HEAVY,)), Shape(Kind.MODEL, (FAST,), rests=False))),
    Strategy.CASCADED: Plan(
        (Shape(Kind.IN_TURNS, ROLES, rests=False),), looks=Looks.ENDS, saved_samples=_SAVED_SAMPLES
    ),
    Strategy.SINGLE: Plan((Shape(Kind.SHARED, ROLES),), local=(HEAVY,), looks=Looks.PAUSES),
    Strategy.GATED: Plan((Shape(Kind.GATED, ROLES),), local=(HEAVY,), judges=True),
    Strategy.REMOTE: Plan(
        (Shape(Kind.REMOTE, (HEAVY,)), Shape(Kind.MODEL, (FAST,), rests=False)),
        local=(FAST,),
        looks=Looks.PAUSES,
    ),
    Strategy.STREAMING: Plan(
        (Shape(Kind.STREAMING, ROLES),),
        local=(),
        looks=Looks.ENDS,  # a server that is made to say its last word at each pause hears in snatches
        tick_samples=_TICK_SAMPLES,
        phrases=False,
    ),
}
