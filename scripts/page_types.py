"""Write the types that the page's JavaScript is checked with, from the exchange's own two documents.

`streams/messages.d.ts` is AsyncAPI's, `trading/answers.d.ts` is OpenAPI's: the page cannot read a field that the
exchange does not have. `make page-types` runs this after either document has changed; a test holds them together.
"""

import json
import os
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
MESSAGES = PROJECT / "trading_page/static/streams/messages.d.ts"
ANSWERS = PROJECT / "trading_page/static/trading/answers.d.ts"

Schema = Mapping[str, Any]

# How the messages of a stream are called.
_STREAMS = {"markets": "Market", "trades": "Trade", "orders": "Account"}
# What the page reads over REST; what these refer to is written as well.
_READ = [
    "MarketOutput",
    "PublicTradeOutput",
    "CandleOutput",
    "OwnTrade",
    "OwnFeesOutput",
    "EntryOutput",
    "PortfolioOutput",
    "OrderOutput",
    "PlacedOutput",
    "GroupOutput",
    "TokenOutput",
    "DemoAccountOutput",
    "ErrorBody",
    "Meta",
    "Pagination",
]
_REFERENCE = "#/components/schemas/"
_PLAIN = {"string": "string", "integer": "number", "boolean": "boolean", "null": "null"}
_WIDTH = 100


def main() -> None:
    """Write both files."""
    for path, text in files().items():
        path.write_text(text)


def files() -> dict[Path, str]:
    """Return what both files have to be. Needs the settings of Django."""
    from drf_spectacular.generators import SchemaGenerator

    from marketdata.asyncapi.received import RECEIVED
    from marketdata.asyncapi.sent import SENT

    # the library has no types
    openapi: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
    return {
        MESSAGES: _file("AsyncAPI", _messages(RECEIVED, SENT)),
        ANSWERS: _file("OpenAPI", _answers(openapi["components"]["schemas"])),
    }


def _file(document: str, declarations: Iterable[str]) -> str:
    return "\n\n".join([f"// Written by `make page-types` from the {document} document.", *declarations]) + "\n"


def _messages(received: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterable[str]:
    for stream, name in _STREAMS.items():
        told = [(summary, schema) for summary, schema in received[stream].values()]
        yield _union(f"What a client gets on /ws/{stream}.", f"{name}Message", told)
        asked = [(operation.summary, operation.schema) for operation in sent[stream].values()]
        yield _union(f"What a client sends on /ws/{stream}.", f"{name}Request", asked)


def _union(comment: str, name: str, members: Iterable[tuple[str, Schema]]) -> str:
    alternatives = [f"{_comment(summary, '  ')}  | {_object(schema, '    ')}" for summary, schema in members]
    return f"/** {comment} */\nexport type {name} =\n" + "\n".join(alternatives) + ";"


def _answers(schemas: Mapping[str, Schema]) -> Iterable[str]:
    for name in sorted(_with_references(_READ, schemas)):
        yield f"export interface {_name(name)} {_object(schemas[name], '')}"


def _with_references(names: Iterable[str], schemas: Mapping[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(schema: Any) -> Iterable[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(_REFERENCE)
        for part in schema.values():
            yield from _references(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _references(part)


def _name(component: str) -> str:
    return component.removesuffix("Output")


def _type(schema: Schema, indent: str) -> str:
    """Return the TypeScript of a JSON Schema, as far as the documents use it. Raises KeyError beyond."""
    if "$ref" in schema:
        return _name(schema["$ref"].removeprefix(_REFERENCE))
    if "allOf" in schema:
        return " & ".join(_type(part, indent) for part in schema["allOf"])
    if "oneOf" in schema and "type" not in schema:
        return " | ".join(_type(part, indent) for part in schema["oneOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    nullable = ["null"] if schema.get("nullable") else []
    return " | ".join(_of_kind(kind, schema, indent) for kind in [*kinds, *nullable])


def _of_kind(kind: str, schema: Schema, indent: str) -> str:
    if kind == "object":
        return _object(schema, indent)
    if kind != "array":
        return _PLAIN[kind]
    items = schema["items"]
    if isinstance(items, list):
        return f"[{', '.join(_type(item, indent) for item in items)}]"
    one = _type(items, indent)
    return f"({one})[]" if " | " in one and not one.startswith("{") else f"{one}[]"


def _object(schema: Schema, indent: str) -> str:
    if "properties" not in schema:
        values = schema["additionalProperties"]
        return f"Record<string, {_type(values, indent) if values not in ({}, True) else 'unknown'}>"
    required = schema.get("required", ())
    members = [
        _comment(member.get("description", ""), indent + "  ")
        + _member(f"{indent}  {name}{'' if name in required else '?'}:", _type(member, indent + "  "))
        for name, member in schema["properties"].items()
    ]
    return "{\n" + "".join(members) + indent + "}"


def _member(head: str, of_type: str) -> str:
    line = f"{head} {of_type};"
    if len(line) <= _WIDTH or "{" in of_type:
        return line + "\n"
    start = " " * (len(head) - len(head.lstrip()) + 2)
    if len(line := f"{start}{of_type};") <= _WIDTH:
        return f"{head}\n{line}\n"
    return f"{head}\n" + "\n".join(f"{start}| {word}" for word in of_type.split(" | ")) + ";\n"


def _comment(text: str, indent: str) -> str:
    if not text:
        return ""
    if len(line := f"{indent}/** {text} */") <= _WIDTH:
        return line + "\n"
    start = f"{indent} * "
    return f"{indent}/**\n{textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=start)}\n{indent} */\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    main()
