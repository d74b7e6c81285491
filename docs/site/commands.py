"""The reference of the commands, from the argument parser itself."""

from __future__ import annotations

import argparse
import re

from fq_hw.cli.main import build_parser

__all__ = ["command", "commands"]


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of every command, by its name."""
    (subs,) = (
        action.choices
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return subs


def cell(text: str) -> str:
    """Text of help for a cell of a table; what might be an HTML tag or a column is not one."""
    plain = " ".join(text.replace("%%", "%").split())
    parts = re.split(r"(`[^`]*`)", plain)
    safe = (
        re.sub(r"(--[a-z][\w-]*)", r"`\1`", part.replace("<", "&lt;").replace("*", r"\*"))
        if index % 2 == 0
        else part
        for index, part in enumerate(parts)
    )
    return "".join(safe).replace("|", r"\|")


def row(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    """A line of the table: how it is written, what it does."""
    if action.option_strings:
        value = "" if action.nargs == 0 else f" {value_of(action, formatter)}"
        names = [f"{name}{value}" for name in action.option_strings]
    else:
        names = [action.dest if action.metavar is None else str(action.metavar)]
    written = ", ".join(f"`{name}`" for name in names).replace("|", r"\|")
    told = cell(formatter._expand_help(action)) if action.help else ""
    if action.choices is not None:
        told += f"{'; ' if told else ''}one of " + ", ".join(f"`{c}`" for c in action.choices)
    return f"| {written} | {told} |"


def value_of(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    """What stands for an option's value; choices are listed beside it."""
    name = action.dest.upper()
    plain = action.choices is not None and action.metavar is None
    return name if plain else formatter._format_args(action, name)


def command(name: str) -> str:
    """The section of one command: what it does, how it is called, its arguments."""
    parser = commands()[name]
    formatter = argparse.HelpFormatter(prog=parser.prog, width=80)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, "")
    usage = formatter.format_help().strip()
    lines = [f"### {name}", "", cell(parser.description or ""), "", "```text", usage, "```", ""]
    shown = [
        action
        for action in parser._actions
        if action.help is not argparse.SUPPRESS and action.dest not in ("help", "json")
    ]
    table = ["| argument | |", "| --- | --- |", *(row(one, formatter) for one in shown)]
    return "\n".join([*lines, *(table if shown else ()), ""])
