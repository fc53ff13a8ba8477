"""The JSON text of the attributes of calls, made as seldom as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.walk import encode
from weave_lite.trace.hooks import for_all_ops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.serialize.registry import Sink
    from weave_lite.trace.attributes import AttributeScope

__all__ = ["AttributeTexts"]


class AttributeTexts:
    """Makes and keeps the texts of one client, for one state of settings and global attributes.

    Args:
        automatic: What stands under ``weave``.
        sink: Where objects among the values are saved.
    """

    __slots__ = ("_automatic", "_sink", "plain")

    def __init__(self, automatic: dict[str, Any], sink: Sink) -> None:
        self._automatic = automatic
        self._sink = sink
        # The text of a call to which nobody gives attributes.
        self.plain = self._written({})

    def text_for(
        self,
        scope: AttributeScope | None,
        own: Mapping[str, Any],
        given: Mapping[str, Any] | None,
    ) -> str:
        """Return the text of a call's attributes.

        Args:
            scope: The ``attributes`` blocks around the call.
            own: Those of the op.
            given: Those that were given with the call; they go over all others.
        """
        if given is None and not own and scope is not None:
            if scope.key is not self:
                scope.text = self._written(scope.values)
                scope.key = self
            return scope.text
        values = dict(own)
        if scope is not None:
            values = _over(values, scope.values)
        if given is not None:
            values = _over(values, {str(key): value for key, value in given.items()})
        return self._written(values)

    def _written(self, values: Mapping[str, Any]) -> str:
        joined = _over(dict(for_all_ops.attributes), values)
        own = joined.pop("weave", None)
        automatic = {**own, **self._automatic} if isinstance(own, dict) else self._automatic
        return encode({"weave": automatic, **joined}, self._sink).text


def _over(values: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Put attributes over others; only what stands under ``weave`` is joined."""
    below, above = values.get("weave"), others.get("weave")
    joined = {**values, **others}
    if isinstance(below, dict) and isinstance(above, dict):
        joined["weave"] = {**below, **above}
    return joined
