"""The command ``serve``: the store behind HTTP, for the official SDKs and other machines."""

from __future__ import annotations

from typing import Annotated

import typer

from weave_lite.cli.options import DbOption, find_place, talk
from weave_lite.core.errors import UsageError

__all__ = ["serve"]

_HostOption = Annotated[str, typer.Option(help="Address to listen at; others need a --token.")]
_PortOption = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
_TokenOption = Annotated[
    str | None,
    typer.Option(envvar="WEAVE_LITE_TOKEN", help="Key that clients must send.", show_envvar=True),
]


def serve(
    db: DbOption = None,
    host: _HostOption = "127.0.0.1",
    port: _PortOption = 6345,
    token: _TokenOption = None,
) -> None:
    """Serve the store over HTTP, for unmodified clients of every generation."""
    try:
        from weave_lite.serve.run import serve as run  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"serve needs more packages ({error.name}): pip install 'weave-lite[serve]'"
        ) from None
    place = find_place(db)

    def tell(listening: int) -> None:
        shown = f"[{host.strip('[]')}]" if ":" in host else host
        url = f"http://{shown}:{listening}"
        talk(f"serving {place} at {url}")
        talk(f"weave_lite:    weave.init('PROJECT', db='{url}')")
        # Any key does without a token. 0.54 would leave out objects that it once sent elsewhere.
        talk(
            f"official SDK:  WF_TRACE_SERVER_URL={url} WANDB_BASE_URL={url} "
            f"WANDB_API_KEY={'<token>' if token else 'x' * 40} WEAVE_USE_SERVER_CACHE=false"
        )

    run(place, host=host, port=port, token=token, on_start=tell)
