"""A sweep on a cluster whose workers are killed twenty times, with the bits of one machine."""

from pathlib import Path

from distributed import Client
from test_cluster import check_deaths, client

__all__ = ["client"]


def test_twenty_workers_may_be_killed(client: Client, tmp_path: Path) -> None:
    check_deaths(client, tmp_path, 20)
