"""Tests for jaxsdm.training.interruption: real signals to this process."""

import os
import signal
import threading

import pytest

from jaxsdm.training.interruption import Interrupted, Interruption, catch_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_remembered_and_stops_nothing(number):
    with catch_signals() as interruption:
        assert interruption.number is None
        os.kill(os.getpid(), number)
        assert interruption.number == number


def test_handlers_come_back():
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    within = []

    def fail():
        with catch_signals():
            within.extend(signal.getsignal(number) for number in numbers)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not set(within) & set(before)
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_second_ctrl_c_stops_now():
    with catch_signals() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with catch_signals() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)  # a scheduler may send it twice
        assert interruption.number == signal.SIGTERM


def test_outside_the_main_thread_nothing_is_caught():
    seen = []

    def work():
        with catch_signals() as interruption:
            seen.append(interruption.number)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]


def test_the_exit_status_is_that_of_the_signal():
    stop = Interrupted(signal.SIGTERM, "step 3 is saved")
    assert stop.code == 143
    assert str(stop) == "step 3 is saved"
    assert isinstance(stop, SystemExit)
    assert Interruption().number is None
