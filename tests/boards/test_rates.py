"""Frames/s of the link, by the bytes that really go over it."""

import pytest
from networks import NETWORKS, array_plan, least_plan, random_graph

from boards.links import Uart
from boards.protocol import (
    REPLY_SYNC,
    REQUEST_SYNC,
    Info,
    Request,
    Status,
    pack,
    reply_bytes,
    request_bytes,
)
from boards.rates import core_rate, info_of, link_rate
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.units import ceil_div
from rtl_gen.top import Accelerator


def plans():
    graph = lower_graph(random_graph("gains", 1))
    return {"units": least_plan(graph, 3000), "array": array_plan(graph, Array())}


@pytest.mark.parametrize("kind", ["units", "array"])
def test_the_shell_says_the_same_of_the_core(kind):
    plan = plans()[kind]
    height, width, colours = NETWORKS["gains"].image
    core = Accelerator(plan)
    shell = Shell(core, info=info_of(plan), link=SerialLink(clock_hz=25e6, baud=1e6))
    data = core.signature.members["o"].signature.members["payload"].shape["data"].shape
    assert shell.info == Info(
        pixels=height * width, colours=colours, classes=NETWORKS["gains"].classes, best=1,
        label_bytes=1, score_bytes=ceil_div(data.width, 8),
    )  # fmt: skip


def test_every_byte_of_request_and_reply_counts():
    plan = plans()["units"]
    info = info_of(plan)
    request = pack(REQUEST_SYNC, Request.FRAME, 1, bytes(info.frame_bytes))
    reply = pack(REPLY_SYNC, Status.RESULT, 1, bytes(info.result_bytes))
    assert (request_bytes(info), reply_bytes(info)) == (len(request), len(reply))
    rate = link_rate(plan, 25.0, Uart(1_000_000))
    assert rate == link_rate(plan, 25.0) and rate.name == "UART of 1,000,000 baud"
    assert rate.frames_per_second == 100_000 / (len(request) + len(reply))


def test_a_core_is_as_fast_as_its_clock():
    assert core_rate(25, 9216) == 25e6 / 9216
