"""The life of a call, shared by all kinds of ops: decide whether to trace, begin it, end it.

What runs between is the business of ``op``, ``run_op`` and ``stream``. Whatever goes wrong here is logged once
and the user's function goes on. Sees a client only as project, recorder and publisher.
"""
# ruff: noqa: SLF001 - the life of a call is this module's business

from __future__ import annotations

import os
from _thread import _local
from typing import TYPE_CHECKING, Any, ClassVar, Final

from weave_lite.core import clock, ids
from weave_lite.core.errors import OpCallError
from weave_lite.serialize.walk import encode
from weave_lite.trace import settings as settings_module
from weave_lite.trace.attribute_texts import AttributeTexts
from weave_lite.trace.attributes import automatic_attributes
from weave_lite.trace.bind import plan_for
from weave_lite.trace.call import Call
from weave_lite.trace.context import (
    attribute_scope,
    call_stack,
    get_call_stack,
    pop_call,
    thread_scope,
    tracing_enabled,
)
from weave_lite.trace.guard import captured
from weave_lite.trace.hooks import (
    described,
    for_all_ops,
    named,
    print_link,
    processed_inputs,
    processed_output,
)
from weave_lite.trace.op_spec import is_left_out
from weave_lite.trace.personal_data import redacting_tracer
from weave_lite.trace.summary import add_child, complete
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.trace.op_spec import OpSpec
    from weave_lite.trace.watch import CallWatcher
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["UNSAMPLED", "Tracer", "placeholder", "tracer_of"]

_NO_OUTPUT: tuple[str, tuple[str, ...]] = ("null", ())
_ONE_SUCCESS = '{"status_counts":{"success":1,"error":0}}'
_make = tuple.__new__
_new_call = Call.__new__


# Stands for a call that is left out by its sampling rate, with all below it.
UNSAMPLED: Final = Call("", "", "", None, {})


class _Writing(_local):
    """Whether this thread is writing a value: its `repr` may be an op, whose argument it is."""

    is_on = False


_writing = _Writing()


class Tracer:
    """Begins and ends the calls of one client.

    Args:
        client: Gives project, recorder and publisher.
    """

    __slots__ = (
        "_attributes",
        "_client",
        "_prints_links",
        "_project_id",
        "_publisher",
        "_put",
        "_run_id",
        "unsampled",
        "watcher",
    )
    # What makes the texts of attributes.
    attribute_texts: ClassVar = AttributeTexts

    def __init__(self, client: WeaveClient) -> None:
        self._client = client
        self._project_id = client.project_id
        self._publisher = client.publisher
        self._put = client.recorder.put
        self.unsampled = UNSAMPLED
        # Is told of finished calls, see `watch`.
        self.watcher: CallWatcher | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the settings and global attributes anew."""
        settings = settings_module.current()
        self.__class__ = redacting_tracer() if settings.redact_pii else Tracer
        self._attributes = self.attribute_texts(automatic_attributes(settings), self._publisher)
        self._prints_links = settings.print_call_link
        self._run_id = os.environ.get("WANDB_RUN_ID") and (
            f"{self._project_id}/{os.environ['WANDB_RUN_ID']}"
        )

    # --- the start ---

    def start(
        self,
        options: dict[str, Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        display_name: Any = None,
    ) -> Call | None:
        """Begin the call of an op, unless it is not to be traced. The call is not on the stack yet.

        Args:
            options: The op's attributes.
            args: Arguments of the function.
            kwargs: Arguments of the function.
            inputs: What to record, when that is not the arguments.
            display_name: Goes before the op's own.

        Returns:
            The call; None when the function is to be called plainly; ``UNSAMPLED`` when nothing
            below it may be traced either.

        Raises:
            OpCallError: The arguments do not fit the op's signature.
        """
        if _writing.is_on or not tracing_enabled.get():
            return None
        stack = call_stack.get()
        if stack is None:
            parent = None
            rate = options["tracing_sample_rate"]
            if rate < 1.0 and is_left_out(rate):
                return UNSAMPLED
        else:
            parent = stack[0]
        if inputs is None:
            spec: OpSpec = options["_weave_spec"]
            try:
                plan = spec.plan
                if plan is None:
                    plan = spec.plan = plan_for(spec.function)
                inputs = plan.bind(args, kwargs)
            except OpCallError as error:
                raise OpCallError(f"Error calling {options['name']}: {error}") from None
        try:
            return self.begin(options, inputs, parent, display_name)
        except Exception as error:
            captured("Error creating call", error)
            return None

    def begin(
        self,
        options: dict[str, Any],
        inputs: dict[str, Any],
        parent: Call | None,
        display_name: Any = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Call:
        """Record the start of a call of an op whose arguments have their names.

        Args:
            options: The op's attributes.
            inputs: Dict of argument name to value.
            parent: The calling call.
            display_name: Goes before the op's own.
            attributes: Go over those of the context.
        """
        spec, ref, project_id = options["_weave_spec"], options["ref"], self._project_id
        if ref is None or spec.ref is not ref or spec.publisher is not self._publisher:
            self._learn_ref(options, spec)
        started, call_id, op_uri = clock.now_micros(), ids.new_id(), spec.uri
        if parent is None or parent.project_id != project_id:
            # Also where the client was changed while the parent runs.
            parent, parent_id, trace_id = None, None, ids.new_id()
        else:
            trace_id, parent_id = parent.trace_id, parent.id
        scope = attribute_scope.get()
        attributes_json = self._attributes.plain
        if scope is not None or attributes is not None or spec.attributes:
            attributes_json = self._attributes.text_for(scope, spec.attributes, attributes)
        if options["postprocess_inputs"] is not None or for_all_ops.postprocess_inputs is not None:
            inputs = processed_inputs(options, inputs)
        inputs_json, refs = self.write(inputs)
        # Made by hand, without a call of ours: this is the hot path.
        call = _new_call(Call)
        call._op_name, call._started, call._inputs = op_uri, started, inputs
        call.id, call.trace_id, call.parent_id = call_id, trace_id, parent_id
        call.project_id, call.wb_run_id = project_id, self._run_id
        call._actions, call._parent = self._client, parent
        call._attributes_json, call._is_finished = attributes_json, False
        call._output = call.exception = call._summary = call._totals = call._display_name = None
        call._attributes = call._ended = call.deleted_at = call.wb_user_id = None
        call._successes = call._errors = 0
        call.thread_id = thread_id = thread_scope.get()
        call.turn_id = turn_id = None if thread_id is None else _turn(thread_id, call_id, parent)
        if display_name is None:
            display_name = options["call_display_name"]
        if display_name is not None:
            display_name = named(call, display_name)
        fields = (
            project_id, call_id, trace_id, parent_id, op_uri, display_name, started,
            attributes_json, inputs_json, refs, None, self._run_id, thread_id, turn_id,
        )  # fmt: skip
        call._start = record = _make(EncodedStart, fields)
        self._put(record, len(inputs_json))
        if parent is None and self._prints_links:
            print_link(call)
        return call

    def _learn_ref(self, options: dict[str, Any], spec: OpSpec) -> None:
        before, _writing.is_on = _writing.is_on, True
        recorder = self._client.recorder
        # The op is stored together with the start of its call, which comes next.
        recorder.begin_gathering()
        try:
            ref = self._publisher.op_ref(options["_weave_op_object"])
        finally:
            recorder.end_gathering()
            _writing.is_on = before
        spec.uri = ref.uri()
        spec.publisher = self._publisher
        spec.ref = options["ref"] = ref

    # --- the end ---

    def end(
        self,
        call: Call,
        options: dict[str, Any] | None,
        output: Any,
        error: BaseException | None = None,
        encoded: tuple[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Take a call off the stack and record its end.

        Args:
            call: The call; one that has ended already is only taken off.
            options: The op's attributes; None leaves out its own postprocessing.
            output: What the op gave back.
            error: What it raised.
            encoded: The output's JSON text and refs, if they are at hand already.
        """
        stack = call_stack.get()
        if stack is not None:
            if stack[0] is call:
                call_stack.set(stack[1])
            else:
                pop_call(call)
        if call._is_finished:
            return
        call._is_finished = True
        call._ended = clock.now_micros()
        written = _NO_OUTPUT
        failure: Exception | None = None
        try:
            if error is not None:
                call.exception = described(error)
            _sum_up(call, output)
            call._output = processed = processed_output(call, options, output, error)
            if encoded is not None and processed is output:
                written = encoded
            elif processed is not None:
                written = self.write(processed)
        except Exception as caught:
            failure = caught
        finally:
            # Whatever went wrong, an interrupt too: a call that has run does not stay open.
            self._record_end(call, written)
        if failure is not None:
            captured("Error capturing call output", failure)

    def write(self, value: Any) -> tuple[str, tuple[str, ...]]:
        """Write a value as JSON text and refs, as it is now; ops that this calls are not traced."""
        before, _writing.is_on = _writing.is_on, True
        try:
            return encode(value, self._publisher)
        finally:
            _writing.is_on = before

    def _record_end(self, call: Call, written: tuple[str, tuple[str, ...]]) -> None:
        attributes = call._attributes
        start = call._start
        if attributes is not None and start is not None:
            # What user code set while the call ran, at any depth: a second start carries it.
            text = self.write(attributes)[0]
            if text != start.attributes_json:
                self._put(start._replace(attributes_json=text), len(text))
        call._start = call._parent = None
        output_json, refs = written
        summary = call._summary
        if summary is not None:
            try:
                summary_json = self.write(summary)[0]
            except Exception as error:
                captured("Error capturing call summary", error)
                summary_json = "{}"
        elif call._successes == 1 and not call._errors:
            summary_json = _ONE_SUCCESS
        else:
            summary_json = (
                f'{{"status_counts":{{"success":{call._successes},"error":{call._errors}}}}}'
            )
        record: EncodedEnd = _make(
            EncodedEnd,
            (
                call.project_id,
                call.id,
                call._ended,
                call.exception,
                output_json,
                summary_json,
                refs,
            ),
        )
        self._put(record, len(output_json))
        if self.watcher is not None:
            self.watcher(call)


def _turn(thread_id: str, call_id: str, parent: Call | None) -> str | None:
    """Tell which turn of a thread a call belongs to: that of its parent, or it is one itself."""
    if parent is not None and parent.thread_id == thread_id:
        return parent.turn_id
    return call_id


def _sum_up(call: Call, output: Any) -> None:
    """Work out the summary of a call that ends, and add it to its parent's totals."""
    parent = call._parent
    try:
        computed = complete(call, output)
        if computed is not None:
            call._summary = {**computed, "status_counts": call._counts()}
            if parent is not None:
                add_child(parent, call, computed)
        elif parent is not None:
            parent._successes += call._successes
            parent._errors += call._errors
    except Exception as error:  # a summary is a dict of the user's, which another thread may change
        captured("Error capturing call summary", error)


def placeholder(inputs: dict[str, Any] | None = None) -> Call:
    """Make the call of a run that is not traced: it has no id."""
    return Call("", "", "", None, inputs or {})


def tracer_of(client: WeaveClient) -> Tracer:
    """Return the tracer of a client; it is made once."""
    tracer: Tracer | None = client.__dict__.get("_tracer")
    if tracer is None:
        tracer = client.__dict__["_tracer"] = Tracer(client)
    return tracer


def _disown_calls() -> None:
    """In a forked child: the calls that were running belong to the parent, which will end them."""
    for call in get_call_stack():
        call._is_finished = True


os.register_at_fork(after_in_child=_disown_calls)
