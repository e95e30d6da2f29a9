"""The store, the schema files and the registers, blank forms and decisions: what was done or is there, and what next.

Their results are plain values; what is said here is the verdict above them and the step after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sscbtool.core.model import Result
from sscbtool.render.present.plain import plain_table, plain_values
from sscbtool.render.present.words import capital, count_of, listed, nonempty, sentence, title_of
from sscbtool.render.report import Column, ColumnType, Facts, Line, Lines, Mark, Quantity, Report, Section, Table, Tone

_DONE = Mark("✓", "Done", Tone.GOOD)
_WHOLE, _DAMAGED = Mark("✓", "Whole", Tone.GOOD), Mark("✗", "Damaged", Tone.BAD)
_OPEN = Mark("?", "In no register", Tone.DOUBT)
_KNOWN = Mark("✓", "Known", Tone.GOOD)
_SOUND = Mark("✓", "Sound", Tone.GOOD)


def store_list(result: Result) -> Report:
    """Every version in the store by the name that other commands take, with whose and of when it is."""
    versions: Sequence[Mapping[str, Any]] = result.extra["store"]["list"]
    columns = (
        Column("Version", ColumnType.CODE),
        Column("Return", least=21),
        Column("Partner", ColumnType.CODE),
        Column("Period", ColumnType.CODE),
        Column("Rows", ColumnType.COUNT),
        Column("", least=9),
        Column("File", ColumnType.FILE, least=24, moves=1, labelled=False),
    )
    rows = tuple(
        (
            each["version"],
            each["return"],
            each["partner"],
            each["period"],
            Quantity(each["rows"]),
            f"superseded by {each['superseded_by']}" if each["superseded_by"] else "final" if each["final"] else None,
            each["file"],
        )
        for each in versions
    )
    superseded = sum(bool(each["superseded_by"]) for each in versions)
    count = f"{count_of(len(versions), 'version')}, {superseded:,} superseded."
    closing = f"{count} What one changed of another: sscbtool diff OLD NEW."
    if not versions:
        closing = "The store holds no such version. Land the returns with: sscbtool ingest."
    data = plain_values(result).data
    return Report("What the store holds", result.outcome, (Table("", columns, rows),) if rows else (), closing, data)


def store_verify(result: Result) -> Report:
    """Whether the store is as it was written, and what of it is not."""
    told: Mapping[str, Any] = result.extra["store"]["verify"]
    damages = tuple(Line(": ".join(filter(None, (each["file"], each["what"]))), _DAMAGED) for each in told["damages"])
    what = (
        f"{count_of(told['submissions'], 'submission')} and {count_of(told['entries'], 'entry', 'entries')} of the log"
    )
    whole = Line(f"{what} are as they were written.", _WHOLE)
    left = tuple(Line(f"Left over by a run that was cut short: {each}.") for each in told["orphans"])
    closing = f"Head {told['head']}."
    if damages:
        closing = "Put a backup in its place: sscbtool store restore FILE."
    elif left:
        closing += " The next ingest clears away what is left over."
    return Report("Store, verified", result.outcome, (Lines("", (*(damages or (whole,)), *left)),), closing,
                  Table("", (Column("verdict"), Column("what")), tuple(("damaged", line.text) for line in damages)
                        or (("whole", whole.text),)))  # fmt: skip


def deed(result: Result) -> Report:
    """What was done to the store, in a sentence."""
    _, _, part = result.command.partition(" ")
    told: Mapping[str, Any] = result.extra["store"][part]
    match part:
        case "backup":
            text = f"{count_of(told['submissions'], 'submission')} and the log stand in {told['file']}."
            closing = f"Head {told['head']}. To put it back: sscbtool store restore FILE."
        case "restore":
            text = f"The store holds the {count_of(told['submissions'], 'submission')} of {told['file']}."
            kept = f" What it held before is in {told['kept']}." if told["kept"] else ""
            closing = f"Head {told['head']}.{kept} Next: sscbtool store verify."
        case _:
            gone = count_of(len(told["forgotten"]), "submission")
            text = f"{gone} of {count_of(told['rows'], 'row')} forgotten, from {listed(told['files'])}."
            closing = "The log keeps that it was there. Next: sscbtool store verify."
    plain = plain_values(result)
    columns = (Column("what"), Column("value"))
    facts = next((section for section in plain.sections if isinstance(section, Facts)), None)
    data = Table("", columns, facts.items) if facts else plain.data
    return Report(f"Store {part}", result.outcome, (Lines("", (Line(text, _DONE),)),), closing, data)


def schemas(result: Result) -> Report:
    """The schema files, one of them, their measures, or that all of them work."""
    _, _, part = result.command.partition(" ")
    plain = plain_values(result)
    told = (result.extra.get("schemas") or {}).get(part)
    if told is None:
        return plain
    match part:
        case "list":
            closing = f"{count_of(len(told), 'return')}. The columns of one: sscbtool schemas show RETURN."
            return replace(plain, title="Returns that the board knows", closing=closing)
        case "show":
            closing = f"A blank form for a partner: sscbtool template {told['return']}."
            return replace(plain, title=told["title"], closing=closing)
        case "measures":
            closing = f"{count_of(len(told), 'measure')}, by the names that a register of figures uses."
            return replace(plain, title="Measures", closing=closing)
        case _:
            counts = [sum(each[key] for each in told) for key in ("rules", "measures", "figures")]
            parts = [count_of(n, noun) for n, noun in zip(counts, ("rule", "measure", "figure"), strict=True)]
            line = Line(f"{count_of(len(told), 'schema file')} with {listed(parts)}.", _SOUND)
            closing = "Each measure and each figure can be worked out. Nothing needs mending."
            tried = (Lines("", (line,)), *plain.sections)
            return replace(plain, title="Schemas, tried", sections=tried, closing=closing)


def registers(result: Result) -> Report:
    """The registers of published figures, or the one that was started."""
    told = result.extra["registers"]
    plain = plain_values(result)
    if result.command == "figures list":
        awaiting = [each["period"] for each in told if each["without_value"]]
        closing = f"{count_of(len(told), 'register')}. Next year's from this year's: sscbtool figures roll FROM TO."
        if awaiting:
            closing = f"{count_of(len(told), 'register')}; values are still to be filled in for {listed(awaiting)}."
        return replace(plain, title="Registers of published figures", closing=closing)
    closing = f"Fill in the {count_of(told['values_blanked'], 'value')} of {told['to']} as they are published"
    moved = f", and look at what was moved ({count_of(len(told['moved']), 'cell')})" if told["moved"] else ""
    title = f"Register of {told['to']}, from that of {told['from']}"
    data = plain.data if told["moved"] else Table("", (), ())
    return replace(plain, title=title, closing=f"{closing}{moved}.", data=data)


def forms(result: Result) -> Report:
    """The blank workbooks that were made, and what to do with them."""
    made: Sequence[Mapping[str, Any]] = result.extra["template"]["files"]
    table = plain_table("", made, ("return", "path"))
    form = "it" if len(made) == 1 else "them"
    closing = (f"{count_of(len(made), 'blank form')} made. Send {form} to the partner; what comes back filled in is "
               "read as it is: sscbtool ingest.")  # fmt: skip
    return Report(title_of(result, "Template"), result.outcome, (table,), closing, plain_values(result).data)


def organisations(result: Result) -> Report:
    """The names that are in no register, each with what it may mean; or what a person decided of one."""
    told: Mapping[str, Any] = result.extra["organisations"]
    plain = plain_values(result)
    if "decided" in told:
        said = told["decided"]
        meaning = f"means {said['code']}" if said["choice"] == "accept" else f"does not mean {said['code'] or 'any'}"
        line = Line(f"“{said['name']}” {meaning}, says {said['by']}.", _DONE)
        return replace(plain, title="Organisations", sections=(Lines("", (line,)),), data=Table("", (), ()),
                       closing="It counts from the next run on: sscbtool reconcile.")  # fmt: skip
    names: Sequence[Mapping[str, Any]] = told["unregistered"]
    sections: tuple[Section, ...]
    if names:
        proposed = sum(each["proposed_code"] is not None for each in names)
        text = f"{count_of(len(names), 'name')}; {proposed:,} may mean an organisation that is registered."
        sections = (Lines("", (Line(text, _OPEN),)), *(replace(s, heading="") if isinstance(s, Table) else s
                                                        for s in plain.sections))  # fmt: skip
        closing = 'For each: sscbtool organisations accept "NAME" CODE, or reject; else ask the sender.'
    elif result.files and all(file.refused for file in result.files):
        sections, closing = plain.sections, "No file could be read: ask the sender for it again."
    else:
        known = Line("Every name of an organisation is in the register.", _KNOWN)
        sections = (Lines("", (known,)), *plain.sections)
        closing = "Nothing needs deciding."
    return Report(title_of(result, "Organisations"), result.outcome, nonempty(sections), closing, plain.data)


def recorded(result: Result) -> Report:
    """What a person said of one item, in a sentence."""
    if result.command == "explain":
        told = result.extra["explain"]
        until = f", until {'/'.join(reversed(told['until'].split('-')))}" if told["until"] else ""
        line = Line(f"{told['id']}: {sentence(told['reason'])} Said by {told['by']}{until}.", _DONE)
        closing = "It holds while the amount is the same. It counts as explained from the next run on."
    else:
        told = result.extra["match"]
        verdict = f"is {told['organisation']}'s" if told["choice"] == "accept" else f"is not {told['organisation']}'s"
        line = Line(f"{told['id']} {verdict}, says {told['by']}.", _DONE)
        closing = "Next: sscbtool ledger."
    columns, values = tuple(Column(key) for key in told), tuple(None if v is None else str(v) for v in told.values())
    return Report(
        title_of(result, capital(result.command)), result.outcome, (Lines("", (line,)),), closing,
        Table("", columns, (values,)),
    )  # fmt: skip
