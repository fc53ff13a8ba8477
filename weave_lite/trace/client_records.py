"""The part of the client that records calls by hand; ``manual_call`` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace import manual_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.trace.call import Call

__all__ = ["ClientRecords"]


class ClientRecords:
    """Calls made by hand."""

    def create_call(
        self,
        op: Any,
        inputs: Mapping[str, Any],
        parent: Call | None = None,
        attributes: Mapping[str, Any] | None = None,
        display_name: str | Callable[[Call], str] | None = None,
        *,
        use_stack: bool = True,
    ) -> Call:
        """Record the start of a call.

        Args:
            op: An op, or the name of one, which is then made and saved.
            inputs: Dict of argument name to value.
            parent: The calling call; by default the current one, if the stack is used.
            attributes: Go over those of the context.
            display_name: A text, or a function of the Call.
            use_stack: Whether the call becomes the current one until it is finished.

        Returns:
            The call; one without id when tracing is disabled.

        Raises:
            UsageError: An argument does not fit.
        """
        return manual_call.create_call(
            self,  # type: ignore[arg-type]  # a part of WeaveClient
            op,
            inputs,
            parent,
            attributes,
            display_name,
            use_stack=use_stack,
        )

    def finish_call(
        self,
        call: Call,
        output: Any = None,
        exception: BaseException | None = None,
        *,
        op: Any = None,
    ) -> None:
        """Record the end of a call.

        Args:
            call: The call.
            output: What it gave.
            exception: What it raised.
            op: Apply the postprocessing of this op.

        Raises:
            UsageError: An argument does not fit.
        """
        manual_call.finish_call(self, call, output, exception, op=op)  # type: ignore[arg-type]

    def fail_call(self, call: Call, exception: BaseException) -> None:
        """Record that a call ended with an exception.

        Raises:
            UsageError: An argument does not fit.
        """
        manual_call.fail_call(self, call, exception)  # type: ignore[arg-type]

    def log_call(
        self,
        op: Any,
        inputs: Mapping[str, Any],
        output: Any = None,
        *,
        parent: Call | None = None,
        attributes: Mapping[str, Any] | None = None,
        display_name: str | Callable[[Call], str] | None = None,
        use_stack: bool = True,
        exception: BaseException | None = None,
    ) -> Call:
        """Record a call that is over already: its start and its end at once.

        Args:
            op: An op, or the name of one, which is then made and saved.
            inputs: Dict of argument name to value.
            output: What it gave.
            parent: The calling call; by default the current one, if the stack is used.
            attributes: Go over those of the context.
            display_name: A text, or a function of the Call.
            use_stack: Whether the current call is the parent when none is given.
            exception: What it raised.

        Returns:
            The call; one without id when tracing is disabled.

        Raises:
            UsageError: An argument does not fit.

        Example:
            >>> from weave_lite.testing import memory_client
            >>> with memory_client() as client:
            ...     call = client.log_call("greet", {"name": "Ada"}, "Hello Ada")
            ...     client.get_call(call.id).output
            'Hello Ada'
        """
        return manual_call.log_call(
            self,  # type: ignore[arg-type]  # a part of WeaveClient
            op,
            inputs,
            output,
            parent=parent,
            attributes=attributes,
            display_name=display_name,
            use_stack=use_stack,
            exception=exception,
        )
