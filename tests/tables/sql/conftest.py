"""Databases to read and write: a file of SQLite, one of DuckDB, and a PostgreSQL server where there is one."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSWORD = "s3cr%t word"


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def database(request, tmp_path):
    """The URL of an empty database, up to where ?table= goes, with its separator."""
    if request.param == "postgresql":
        return fresh_postgres(request.getfixturevalue("postgres"))
    return f"{request.param}:///{tmp_path}/crm 100%.db?"


def run(database, *statements):
    """Run statements in a database of the fixture, by the library itself."""
    url = database.rstrip("?&")
    if url.startswith("duckdb"):
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    import sqlalchemy as sa

    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execution_options(no_parameters=True).exec_driver_sql(statement)
    engine.dispose()


def fresh_postgres(url):
    run(url, "drop schema if exists sales cascade", "drop schema public cascade", "create schema public")
    return url


@pytest.fixture(scope="session")
def postgres():
    """The URL of a PostgreSQL server that listens on a socket alone, as long as the tests run."""
    pytest.importorskip("psycopg")
    tools = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(found).parent] if (found := shutil.which("initdb")) else []),
    ]
    if not tools:
        pytest.skip("no PostgreSQL server is installed here")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if as_root:  # a server refuses to run as root
        try:
            shutil.chown(folder, "postgres")
        except LookupError:
            pytest.skip("a PostgreSQL server needs a user of its own")
    user = "postgres" if as_root else None

    def call(*words):
        subprocess.run(words, check=True, capture_output=True, cwd=folder, user=user)

    (folder / "password").write_text(PASSWORD)
    data, password = folder / "data", f"--pwfile={folder / 'password'}"
    call(tools[0] / "initdb", "-D", data, "-U", "crm", "-A", "scram-sha-256", password, "--no-sync")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    control = [tools[0] / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    call(*control, "-o", settings, "start")
    yield f"postgresql://crm:s3cr%25t%20word@/postgres?host={folder}&"
    call(*control, "-m", "immediate", "stop")
    shutil.rmtree(folder)
