"""Trials that share one device against one packed trial, each trial in a process of its own as on Ray."""

import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch
from device_bounds import clock_of
from gpu_plan import Plan, Sizes
from gpu_steps import case_of
from harness import Row

from trainables.training import Training

_REPLICAS = 4  # of each trial that shares
_LONGEST_WAIT = 10.0  # seconds for a measurement that has begun, beyond the part's end


def sharing(plan: Plan) -> Iterator[Row]:
    """A row for each encoder: replicas' steps a second, of trials that share the device and of one that has all."""
    processes = get_context("spawn")  # a process that is forked cannot use a card
    share = 1 / plan.sizes.num_trials
    pipes = [processes.Pipe() for _ in range(plan.sizes.num_trials)]
    members = [
        processes.Process(target=_trial, args=(theirs, str(plan.device), plan.sizes, share), daemon=True)
        for _, theirs in pipes
    ]
    for member in members:
        member.start()
    connections = [ours for ours, _ in pipes]
    try:
        for connection in connections:
            _answer(connection, plan)
        for name in plan.within_budget(plan.sizes.encoders):
            for connection in connections:
                connection.send(name)
            for connection in connections:
                _answer(connection, plan)  # all are built and warm
            for connection in connections:
                connection.send("go")
            shared = sum(_answer(connection, plan) for connection in connections)
            all_replicas = _REPLICAS * plan.sizes.num_trials
            training, num_steps = _warm(name, all_replicas, plan)
            packed = _steps_a_second(training, num_steps, plan) * all_replicas
            yield {
                "encoder": name,
                "trials": plan.sizes.num_trials,
                "replicas each": _REPLICAS,
                "shared, replicas' steps a second": shared * _REPLICAS,
                "one packed trial's": packed,
                "packed / shared": packed / (shared * _REPLICAS),
            }
    finally:
        for member in members:
            member.terminate()
            member.join()


def _answer(connection: Connection, plan: Plan) -> float:
    if not connection.poll(_LONGEST_WAIT + plan.seconds_left):
        raise RuntimeError("a trial that shares the device has not answered in time")
    return connection.recv()


def _trial(connection: Connection, device: str, sizes: Sizes, share: float) -> None:
    """Train each encoder that is named over the connection once told to go, and answer with the steps a second."""
    torch.set_num_threads(1)
    plan = Plan(torch.device(device), sizes)
    if plan.device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(share)  # as a trial on Ray does
    connection.send(0.0)
    while True:
        training, num_steps = _warm(connection.recv(), _REPLICAS, plan)
        connection.send(0.0)
        connection.recv()
        connection.send(_steps_a_second(training, num_steps, plan))


def _warm(name: str, replicas: int, plan: Plan) -> tuple[Training, int]:
    """A training that has run once, and its steps an epoch."""
    case = case_of(name, plan)
    training = case.training(replicas, plan.device, packed=True)
    training.run_epoch()
    return training, case.steps


def _steps_a_second(training: Training, num_steps: int, plan: Plan) -> float:
    """Steps a second of the clock, over the plan's seconds: all trials begin and end together."""
    clock_of(plan.device)()  # waits for the device
    start, epochs = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < plan.sizes.trial_seconds:
        training.run_epoch()  # gives its losses to the CPU, and so waits for the device
        epochs += 1
    return epochs * num_steps / elapsed
