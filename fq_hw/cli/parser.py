"""The argument parser: its errors are one line, and name what was probably meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from fq_hw.errors import one_line, suggestion
from fq_hw.flow.shipped import configuration_file, model_file

__all__ = ["Parser"]

LONGEST = 500  # characters of a message: all commands are named in one
TYPES = {int: "a whole number", float: "a number"}
PATHS = (Path, model_file, configuration_file)


class Parser(argparse.ArgumentParser):
    """argparse, with the errors of `fq-hw`: ``fq-hw: error: <what, and what to do>``, status 2.

    Commands below it are parsed by the same class. The underscored methods are argparse's own
    places where it judges a value; Python 3.11 has no other.
    """

    siblings: Mapping[str, Parser] = MappingProxyType({})  # the other commands, by name

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; what is left over is an error here, where the command's options are known."""
        found, left = super().parse_known_args(args, namespace)
        if left:
            options = [word for word in left if word.startswith("-")]
            self.error(self._unknown(*(options or left)[:1]))
        return found, left

    def error(self, message: str) -> NoReturn:
        """Print one line and end with status 2."""
        message = message.removeprefix("argument ").replace("with argument -", "with -")
        help_too = "" if message.endswith("?") else f"; see `{self.prog} --help`"
        print(f"fq-hw: error: {one_line(message, LONGEST)}{help_too}", file=sys.stderr)
        sys.exit(2)

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{self.prog}: one argument too many (got {word!r})"
        option = word.partition("=")[0]
        others = [
            name
            for name, parser in self.siblings.items()
            if option in parser._option_string_actions
        ]
        near = suggestion(option, self._option_string_actions)
        if others:  # as --sequential of build, given to estimate
            near = f"these commands have it: {', '.join(others)}"
        return f"{self.prog}: has no option {option}" + (f"; {near}" if near else "")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is None or value in action.choices:
            return
        known = list(action.choices)
        near = suggestion(value, known)
        contract = f"must be one of {', '.join(map(str, known))} (got {value!r})"
        raise argparse.ArgumentError(action, contract + (f"; {near}" if near else ""))

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> object:
        if arg_strings == ["--"] and action.option_strings:  # argparse would take it away
            raise argparse.ArgumentError(action, "expected a value")
        return super()._get_values(action, arg_strings)

    def _get_value(self, action: argparse.Action, arg_string: str) -> object:
        if action.type in PATHS and not arg_string:  # which would be the working folder
            raise argparse.ArgumentError(action, "must not be empty")
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            kind = TYPES.get(action.type)
            if kind is None:
                raise
            message = f"must be {kind} (got {arg_string!r})"
            raise argparse.ArgumentError(action, message) from error
