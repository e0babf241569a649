"""Starting the stand-in as a process of its own, and stopping it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO

DEADLINE_SECONDS = 60.0


class StandInError(RuntimeError):
    """The process ended or did not answer in time; the message holds what it wrote."""


class StandIn:
    """A stand-in Central while the `with` block lasts.

    `state_file` is made when it is not there and kept afterwards: starting again on it continues where it was.
    `port` 0 takes any free one. `url` is valid from entering the block on.
    """

    def __init__(
        self,
        state_file: Path,
        port: int = 0,
        *,
        user: str = "admin@example.org",
        password: str = "sandbox-password",  # noqa: S107 - of the sandbox only, on loopback
        domain: str | None = None,
        faults: bool = False,
    ) -> None:
        self.state_file = state_file
        self.port = port
        self.user = user
        self.password = password
        self.domain = domain
        self.faults = faults
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def __enter__(self) -> StandIn:
        command = [sys.executable, "-m", "sandbox.central", "--port", str(self.port)]
        command += ["--state", str(self.state_file), "--user", self.user, "--password", self.password]
        command += ["--domain", self.domain] if self.domain else []
        command += ["--faults"] if self.faults else []
        self._output = tempfile.TemporaryFile()
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT, cwd=root)  # noqa: S603
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End the process; what it had answered for is in the state file."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._output is not None:
            self._output.close()
        self._process = self._output = None

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise StandInError(f"the stand-in Central ended at once:\n{self._written()}")
            self.url = self._written().partition("\n")[0].strip()
            if self.url.startswith("http") and self._answers():
                return
            time.sleep(0.05)
        raise StandInError(f"the stand-in Central did not answer in {DEADLINE_SECONDS:.0f} s:\n{self._written()}")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/v1/projects", timeout=5)  # noqa: S310 - http to loopback
        except urllib.error.HTTPError as error:
            return error.code == 401  # it wants a session: it is there
        except OSError:
            return False
        return True

    def _written(self) -> str:
        assert self._output is not None
        self._output.seek(0)
        return self._output.read().decode(errors="replace")
