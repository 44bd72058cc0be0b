"""The fork server: a process that imports the libraries and forks workers from itself.

The libraries are paid for once, not once a worker, and the worker that takes the place of a
killed one is there in milliseconds. A worker that is wanted before all of them are imported does
not wait for the rest. The server runs nothing else and stays single-threaded, which is what makes
forking safe.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

from trialbook.execution._worker import die_with_parent, send_output_to, serve, warm_up

# How often the server looks for workers that have ended.
REAP_S = 0.05
FORK = b"F"


def main(control_fd: int) -> None:
    """Fork a worker for every socket that arrives, until the engine is gone.

    Parameters
    ----------
    control_fd : int
        Descriptor of the engine's socket. It sends descriptors; it is sent, as one JSON line for
        each worker that ends, its process id and exit status.
    """
    imports, warm = warm_up(), False
    with socket.socket(fileno=control_fd) as control:
        while True:
            if not warm and next(imports, None) is None:
                warm = True
                send_output_to(Path(os.devnull))
            if select.select([control], [], [], REAP_S if warm else 0)[0]:
                message, descriptors, _, _ = socket.recv_fds(control, len(FORK), 1)
                if not message:
                    os._exit(0)
                gc.freeze()  # what is shared stays shared: collections do not touch it
                if os.fork() == 0:
                    _become_worker(control, descriptors[0])
                os.close(descriptors[0])
            _reap(control)


def _become_worker(control: socket.socket, descriptor: int) -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine
    control.close()
    send_output_to(Path(os.devnull))
    os.setsid()
    serve(os.fdopen(descriptor, "rb"), os.fdopen(os.dup(descriptor), "wb"))


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        control.sendall(json.dumps([pid, code]).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
