"""Damaged inputs for every command, made from small right ones with a fixed seed, and the judge.

``right`` makes the right inputs, the modules of ``kinds`` damage them, ``child`` runs a command on
one in a process of its own and watches it, ``judge`` says what was wrong about it. The bench is
tests/bench_faults.py; test_trial.py is its short form. It stands here, not last of all tests: a
forked child's memory is its parent's too, and what a thousand tests left would count as its own.
"""
