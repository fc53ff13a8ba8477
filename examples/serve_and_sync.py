"""A store behind HTTP that another program traces into, and its data moved on to a file of your own.

Needs the extras `serve` and `remote`. The server here is a process on this machine; any trace server will do.
"""

import subprocess
import sys

import weave_lite as weave

serve = [sys.executable, "-m", "weave_lite", "serve", "--db", "team.db", "--port", "0"]
with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
    # Its first line ends with the address: the port is one that was free.
    url = server.stderr.readline().split(" at ")[1].strip()

    client = weave.init("acme/chat", db=url, settings={"print_call_link": False})

    @weave.op
    def answer(question: str) -> str:
        return question[::-1]

    answer("why?")
    print("over HTTP:", [call.output for call in client.get_calls()], flush=True)
    weave.finish()

    sync = [sys.executable, "-m", "weave_lite", "sync", "--from", url, "--db", "own.db"]
    subprocess.run([*sync, "--project", "acme/chat"], check=True)
    server.terminate()

client = weave.init("acme/chat", db="own.db")
print("in the file:", [call.output for call in client.get_calls()])
