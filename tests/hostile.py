"""What a broken or hostile neighbour may hand us: texts that are nearly right, and any value of the bus."""

from __future__ import annotations

import json
from typing import Any

from dbus_fast import SignatureTree, SignatureType, Variant
from hypothesis import strategies as st

BASIC = "ybnqiuxtdsog"
_INTEGERS = {
    "y": (0, 2**8 - 1),
    "n": (-(2**15), 2**15 - 1),
    "q": (0, 2**16 - 1),
    "i": (-(2**31), 2**31 - 1),
    "u": (0, 2**32 - 1),
    "x": (-(2**63), 2**63 - 1),
    "t": (0, 2**64 - 1),
}
_ODD = [
    "",
    "\0",
    "\n",
    "\x1b[2J",
    "é",
    "\ufeff",
    "𝄞",
    "[" * 2_000,
    '"',
    "'''",
    "9" * 400,
    "nan",
    "-0",
    "true",
]


@st.composite
def nearly(draw: st.DrawFn, right: str) -> bytes:
    """`right` with some pieces cut out, doubled, moved, or put in; sometimes no text at all."""
    text = right
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(_ODD) | st.just(text[start:end] * 2) | st.text(max_size=20))
        text = text[:start] + piece + text[end:]
    raw = text.encode("utf-8", "surrogatepass")
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw


def files(right: str) -> st.SearchStrategy[bytes]:
    """The contents of a file that should say something like `right`."""
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    )
    return nearly(right) | st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode())


_types = st.recursive(
    st.sampled_from([*BASIC, "v"]),
    lambda inner: (
        inner.map("a{}".format)
        | st.builds("a{{{}{}}}".format, st.sampled_from([*BASIC]), inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda types: f"({''.join(types)})")
    ),
    max_leaves=6,
)
signatures = st.lists(_types, max_size=4).map("".join)
"""Of any arguments."""

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def _value(kind: SignatureType) -> st.SearchStrategy[Any]:
    match kind.token, kind.children:
        case "b", _:
            return st.booleans()
        case "d", _:
            return st.floats(width=64)
        case "s", _:
            return _texts | _texts.map(lambda text: text * 3_000)
        case "o", _:
            return st.sampled_from(["/", "/org/voicetype/Daemon1"])
        case "g", _:
            return signatures
        case "v", _:
            return _types.flatmap(lambda of: _value(SignatureTree(of).types[0]).map(lambda v: Variant(of, v)))
        case "a", [of] if of.token == "{":
            key, value = of.children
            return st.dictionaries(_value(key), _value(value), max_size=3)
        case "a", [of] if of.token == "y":
            return st.binary(max_size=60)
        case "a", [of]:
            return st.lists(_value(of), max_size=3)
        case "(", children:
            return st.tuples(*map(_value, children)).map(list)
        case token, _:
            return st.integers(*_INTEGERS[token])


def arguments(signature: str) -> st.SearchStrategy[list[Any]]:
    """Values of a signature, as dbus-fast takes them."""
    return st.tuples(*map(_value, SignatureTree(signature).types)).map(list)


def calls() -> st.SearchStrategy[tuple[str, list[Any]]]:
    """A signature, and values of it."""
    return signatures.flatmap(lambda each: arguments(each).map(lambda values: (each, values)))
