"""What the reports of runs and of searches have in common: the record on data and machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .page import fields, words


def data_part(data: Mapping[str, Any]) -> str:
    """Return the table of the data, as a record has them; nothing where it has none."""
    if not data:
        return ""
    counts = data.get("num_examples") or {}
    known = {
        "name": data.get("name"),
        "examples": ", ".join(f"{split} {count:,}" for split, count in counts.items()),
        "inputs": "\n".join(_input(spec) for spec in data.get("inputs") or ()),
        "classes": _classes(data.get("class_names")),
        "licence": data.get("licence"),
        "source": data.get("source"),
        "fingerprint": data.get("fingerprint"),
        "notes": "\n".join(data.get("notes") or ()),
    }
    return fields({field: value for field, value in known.items() if value})


def machine_part(record: Mapping[str, Any]) -> str:
    """Return the table of the machine and of the versions; nothing where neither is known."""
    known = dict(record.get("hardware") or {})
    known.update(record.get("versions") or {})
    named = {words(field.removeprefix("num_")): value for field, value in known.items()}
    return fields(named) if known else ""


def started(record: Mapping[str, Any]) -> str:
    """Return the last line: when it was started and what became of it."""
    said = [f"Started {record['started']}"] if record.get("started") else []
    said += [str(record["status"])] if record.get("status") else []
    return ", ".join(said) + "." if said else ""


def _input(spec):
    shape = " × ".join("any" if side is None else str(side) for side in spec["shape"])
    return f"{spec['name']}: {shape} {spec['dtype']}"


def _classes(names):
    if not names:
        return None
    shown = ", ".join(map(str, names[:30])) + (", …" if len(names) > 30 else "")
    return f"{len(names)}: {shown}"
