"""Which provider serves a model: a registered function, a Provider object, or what the name tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Protocol

from weave_lite.core.errors import InvalidNameError, InvalidRequest, NotFoundError
from weave_lite.core.names import clean_object_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.completions.known_models import OPENAI, known_provider, secret
from weave_lite.trace_server.completions.openai_endpoint import OpenAIEndpoint, is_local
from weave_lite.trace_server.completions.registered import registered_provider
from weave_lite.trace_server.completions.through_litellm import ThroughLitellm, knows

if TYPE_CHECKING:
    from weave_lite.trace_server.completions.answer import Complete

__all__ = ["ObjectReader", "choose"]

_OPENAI_URL: Final = "https://api.openai.com/v1"
_BASE_URL: Final = "OPENAI_BASE_URL"
_OPENAI_KEY: Final = "OPENAI_API_KEY"


class ObjectReader(Protocol):
    """What is needed of a server to find Provider objects."""

    def obj_read(self, req: tsi.ObjReadReq) -> tsi.ObjReadRes:
        """Read an object version."""


def choose(objects: ObjectReader, project_id: str, model: str) -> Complete | str:
    """Find what serves a model.

    In this order: a function of :func:`register_provider`; for ``PROVIDER/MODEL``, the objects
    ``PROVIDER`` and ``PROVIDER-MODEL`` of the project; the provider that the name tells; the
    endpoint ``OPENAI_BASE_URL``; whatever else litellm knows. With ``OPENAI_BASE_URL`` set, names
    of other providers whose key is not set go there too.

    Returns:
        What to ask, or the text of the reason why nothing serves the model.

    Raises:
        MissingLLMApiKeyError: The provider needs a key that is not set.
    """
    function = registered_provider(model)
    if function is not None:
        return function
    known = known_provider(model)
    provider, slash, rest = model.partition("/")
    problem = ""
    if provider and slash and rest:
        found = _of_objects(objects, project_id, model)
        if not isinstance(found, str):
            return found
        problem = found
    base_url = os.environ.get(_BASE_URL, "").strip()
    if known is OPENAI:
        return _openai(model, base_url)
    if known is not None and not (base_url and _lacks_key(known.secret_names)):
        return ThroughLitellm(model, known)
    if base_url:
        return _openai(model, base_url)
    if knows(model):
        return ThroughLitellm(model, None)
    return (
        f"no provider serves the model {model!r}{problem and f' ({problem})'}; set {_BASE_URL} to "
        "an endpoint that speaks OpenAI's wire, publish a Provider and a ProviderModel object, or "
        "register a function with register_provider"
    )


def _lacks_key(secret_names: tuple[str, ...]) -> bool:
    return not all(os.environ.get(name) for name in secret_names)


def _openai(model: str, base_url: str) -> Complete:
    if base_url:
        key = os.environ.get(_OPENAI_KEY)
        if not key and not is_local(base_url):
            key = secret(_OPENAI_KEY, model)
        # Other endpoints have names with a slash of their own.
        return OpenAIEndpoint(base_url, model, key, {})
    name = model.removeprefix("openai/")
    return OpenAIEndpoint(_OPENAI_URL, name, secret(_OPENAI_KEY, model), {})


def _of_objects(objects: ObjectReader, project_id: str, model: str) -> Complete | str:
    """Find a model by the objects of the project; a text tells which of them is missing."""
    provider_name, _, model_name = model.partition("/")
    provider = _latest(objects, project_id, provider_name, "Provider")
    if isinstance(provider, str):
        return provider
    own = _latest(objects, project_id, f"{provider_name}-{model_name}", "ProviderModel")
    if isinstance(own, str):
        return own
    base_url, key_name, name = (
        provider.get("base_url"),
        provider.get("api_key_name"),
        own.get("name"),
    )
    headers = provider.get("extra_headers") or {}
    if not isinstance(base_url, str) or not isinstance(headers, dict):
        return f"the Provider object {provider_name!r} has no base_url, or bad extra_headers"
    key = os.environ.get(key_name) if isinstance(key_name, str) and key_name else None
    if key_name and not key and not is_local(base_url):
        key = secret(str(key_name), model)
    real_name = name if isinstance(name, str) and name else model_name
    return OpenAIEndpoint(base_url, real_name, key, headers)


def _latest(
    objects: ObjectReader, project_id: str, name: str, class_name: str
) -> dict[str, Any] | str:
    """Read the latest version of an object of a class; a text tells why there is none."""
    # A model's name may have characters that a name of an object may not.
    for object_id in dict.fromkeys((name, _cleaned(name))):
        req = tsi.ObjReadReq(project_id=project_id, object_id=object_id, digest="latest")
        try:
            obj = objects.obj_read(req).obj
        except (NotFoundError, InvalidRequest):
            continue
        if class_name in {obj.base_object_class, obj.leaf_object_class}:
            return dict(obj.val)
        return f"the object {object_id!r} is no {class_name}"
    return f"there is no {class_name} object {name!r}"


def _cleaned(name: str) -> str:
    try:
        return clean_object_id(name)
    except InvalidNameError:
        return name
