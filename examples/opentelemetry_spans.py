"""Spans of any OpenTelemetry instrumentation, in the same tree as your ops.

Needs `pip install opentelemetry-sdk`. The span below stands for one that an instrumentation makes.
"""

from opentelemetry.sdk.trace import TracerProvider

import weave_lite as weave
from weave_lite.integrations.opentelemetry import trace_spans

client = weave.init("spans")
provider = TracerProvider()
trace_spans(provider)
tracer = provider.get_tracer("my-instrumentation")


@weave.op
def ask(question: str) -> str:
    with tracer.start_as_current_span("chat small-model") as span:
        span.set_attribute("gen_ai.request.model", "small-model")
        span.set_attribute("gen_ai.prompt.0.content", question)
        span.set_attribute("gen_ai.completion.0.content", "Because.")
        span.set_attribute("gen_ai.usage.input_tokens", 3)
        span.set_attribute("gen_ai.usage.output_tokens", 2)
    return "Because."


ask("Why?")
(root,) = client.get_calls(filter={"trace_roots_only": True})
print(root.func_name, root.inputs, "->", root.output)
for call in root.children():
    print("  ", call.op_name, call.inputs, "->", call.output)
    print("  ", call.summary["usage"])
