"""Ten lines: trace a function, then ask for what it did."""

import weave_lite as weave

client = weave.init("quickstart")


@weave.op
def shout(text: str, times: int = 1) -> str:
    return text.upper() + "!" * times


shout("hello", times=3)
for call in client.get_calls(limit=3):
    print(call.func_name, call.inputs, "->", call.output)
