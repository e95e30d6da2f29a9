"""Put on PYTHONPATH by tests: makes a stage fail, or writes down every use of the network, in all processes of a run.

The program has no such switch: a test brings its own.
"""

import importlib.abc
import importlib.machinery
import os
import subprocess
import sys
from pathlib import Path

_NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def _write_down(event, arguments):
    inet = event == "socket.__new__" and int(arguments[1]) in (2, 10, 30)
    if inet or (event in _NETWORK and not (event == "socket.bind" and isinstance(arguments[1], str))):
        handle = os.open(os.environ["TEST_NETWORK_USED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{event}\n".encode())
        os.close(handle)


class _Failing(importlib.abc.MetaPathFinder):
    """Replaces ``module:name`` by a function that raises, as soon as the module is loaded."""

    def __init__(self, target):
        self.module, _, self.name = target.partition(":")

    def find_spec(self, fullname, path, target=None):
        if fullname != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            holder, _, name = self.name.rpartition(".")
            setattr(getattr(module, holder) if holder else module, name, self.fail)

        spec.loader.exec_module = exec_module
        return spec

    @staticmethod
    def fail(*arguments, **named):
        secret = os.environ["TEST_CANARY"]
        raise RuntimeError(f"could not do it with {secret}", secret)


def _into_children():
    """The reader processes are started apart from the environment; what is here goes with them all the same."""
    start = subprocess.Popen.__init__
    asked = {name: value for name, value in os.environ.items() if name.startswith("TEST_")}
    lead = f"import os, sys; os.environ.update({asked!r}); sys.path.insert(0, {str(Path(__file__).parent)!r})\n"

    def init(self, args, *rest, **named):
        if isinstance(args, list) and "-c" in args:
            at = args.index("-c") + 1
            args = [*args[:at], f"{lead}import sitecustomize\n{args[at]}", *args[at + 1 :]]
        start(self, args, *rest, **named)

    subprocess.Popen.__init__ = init


_into_children()
if "TEST_NETWORK_USED" in os.environ:
    sys.addaudithook(_write_down)
if "TEST_FAILS_AT" in os.environ:
    sys.meta_path.insert(0, _Failing(os.environ["TEST_FAILS_AT"]))
