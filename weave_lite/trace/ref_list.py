"""Refs: a list of ref texts, and what they point to. Its documented home is ``trace.refs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from weave_lite.core.errors import UsageError
from weave_lite.core.refs import CallRef, Ref, parse_uri
from weave_lite.trace.client_context import require_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.core.refs import ObjectRef, TableRef
    from weave_lite.trace.call import Call

__all__ = ["Refs"]

# A server takes no more ids in one filter.
_IDS_PER_QUERY = 1000


class Refs(Sequence[str]):
    """A list of refs as texts.

    Args:
        refs: URIs, or refs.
        client: Reads calls; by default the active client.

    Example:
        >>> refs = Refs(["weave:///acme/demo/call/1", "weave:///acme/demo/object/model:v2"])
        >>> len(refs), refs.call_refs()
        (2, Refs(['weave:///acme/demo/call/1']))
        >>> refs.parsed()[1].name
        'model'
    """

    def __init__(self, refs: Iterable[str | Ref] | None = None, *, client: Any = None) -> None:
        if isinstance(refs, str):
            raise UsageError(f"refs must be a list of refs, not the text {refs!r:.100}")
        self._refs = [ref.uri() if isinstance(ref, Ref) else ref for ref in refs or ()]
        self._client = client

    def parsed(self) -> list[ObjectRef | TableRef | CallRef]:
        """Parse all refs.

        Raises:
            InvalidRefError: One is no ref.
        """
        return [parse_uri(ref) for ref in self._refs]

    def call_refs(self) -> Refs:
        """Return those that are refs of calls.

        Raises:
            InvalidRefError: One is no ref.
        """
        calls = [ref for ref in self.parsed() if isinstance(ref, CallRef)]
        return Refs(calls, client=self._client)

    def calls(self) -> list[Call]:
        """Read the calls that the refs point to, each once, in their order; what is not there is left out.

        Raises:
            InvalidRefError: One is no ref.
            UsageError: A call is in another project than the client's.
            WeaveInitError: No client is active.
        """
        client = require_client() if self._client is None else self._client
        ids: dict[str, None] = {}
        for ref in self.parsed():
            if not isinstance(ref, CallRef):
                continue
            if ref.project_id != client.project_id:
                raise UsageError(
                    f"{ref.uri()} is in another project than the client ({client.project_id}); "
                    f"read it with WeaveClient({ref.project_id!r})"
                )
            ids[ref.id] = None
        wanted = list(ids)
        found: dict[str | None, Call] = {}
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            part = wanted[start : start + _IDS_PER_QUERY]
            found.update((call.id, call) for call in client.get_calls(filter={"call_ids": part}))
        return [found[call_id] for call_id in wanted if call_id in found]

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> Refs: ...
    def __getitem__(self, key: int | slice) -> str | Refs:
        if isinstance(key, slice):
            return Refs(self._refs[key], client=self._client)
        return self._refs[key]

    def __len__(self) -> int:
        return len(self._refs)

    def __eq__(self, other: object) -> bool:
        return self._refs == other._refs if isinstance(other, Refs) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a list of refs, compared by its content

    def __repr__(self) -> str:
        return f"Refs({self._refs!r})"
