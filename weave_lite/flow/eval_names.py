"""Names for runs that were given none: a date and two words."""

from __future__ import annotations

import random

from weave_lite.core.clock import from_micros, now_micros

__all__ = ["dated_name"]

_ADJECTIVES = (
    "able amber ample blue bold brave brief bright brisk calm clear clever cool crisp deep eager early "
    "even fair fast fine firm fond free fresh full gentle glad golden good grand green happy hardy "
    "honest keen kind large late light lively lucky merry mild modest neat new noble open plain proud "
    "quick quiet rapid rare ready rich round sharp shy silver simple sleek slow small smart smooth snug "
    "soft solid steady still strong sunny sure swift tall tidy true vivid warm wide wild wise young"
).split()
_NOUNS = (
    "acorn anchor apple arrow aspen badger beacon birch bloom bridge brook canyon cedar cliff cloud "
    "clover comet copper coral creek crow dawn delta dune eagle ember falcon fern field finch fjord "
    "flame forest fox garden glacier glade grove harbor hawk heron hill iris island ivy jade lake lark "
    "leaf lily lion lotus maple marsh meadow mesa mint moon moss oak ocean orchid otter owl path peak "
    "pearl pebble pine planet plum pond poppy prairie quartz rain raven reef ridge river robin sage "
    "shore sky spark spring spruce star stone storm stream summit thicket tide tiger trail valley wave "
    "willow wind wolf wren"
).split()


def dated_name(first: str) -> str:
    """Make a name such as ``eval-2026-11-21-calm-otter``.

    Args:
        first: What it begins with; may be empty.
    """
    day = from_micros(now_micros()).date().isoformat()
    # No secret: it only has to be told apart by people.
    words = (random.choice(_ADJECTIVES), random.choice(_NOUNS))  # noqa: S311
    return "-".join(part for part in (first, day, *words) if part)
