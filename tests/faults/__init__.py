"""Damaged inputs for every command, made from small right ones with a fixed seed, and the judge.

``right`` makes the right inputs, the modules of ``kinds`` damage them, ``child`` runs a command on
one in a process of its own and watches it, ``judge`` says what was wrong about it. The bench is
tests/bench_faults.py; tests/test_faults.py is its short form.
"""
