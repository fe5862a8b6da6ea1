"""`deploy/roll-out.sh` against a cluster that is a script: what it applies is real, what the cluster says is not."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road.testing import run, write_files
from tests.stamped.delivered import stamped
from tests.tools import tool

DIGEST = "sha256:" + "4b" * 32
IMAGE = f"registry.example.com:5000/shop/orders@{DIGEST}"

# Each call's words go to `calls`. `rollout status` fails as often as `unhealthy` has lines.
CLUSTER = """\
#!/bin/sh
echo "$*" >>"$CLUSTER/calls"
case $* in
  apply*) exec "$KUBECTL" kustomize "$3" >"$CLUSTER/applied.yaml" ;;
  *status*) test -s "$CLUSTER/unhealthy" || exit 0
     sed -i 1d "$CLUSTER/unhealthy"; exit 1 ;;
esac
"""


class Cluster:
    def __init__(self, folder: Path, service: Path) -> None:
        self.folder, self.service = folder, service

    def roll_out(self, *words: str, unhealthy: int = 0) -> CompletedProcess[str]:
        (self.folder / "unhealthy").write_text("once\n" * unhealthy)
        env = {"KUBECTL": tool("kubectl"), "CLUSTER": str(self.folder), "PATH": f"{self.folder}:/usr/bin:/bin"}
        return run(self.service / "deploy" / "roll-out.sh", *words, cwd=self.folder, env=env)

    def calls(self) -> list[str]:
        """What was asked of it, less where and how long."""
        path = self.folder / "calls"
        return [line.split(" --")[0] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Cluster:
    service, folder = tmp_path / "orders", tmp_path / "cluster"
    files = stamped(rollout=getattr(request, "param", "rolling"))
    write_files(service, {path + "*" * path.endswith(".sh"): text for path, text in files.items()})
    write_files(folder, {"kubectl*": CLUSTER})
    return Cluster(folder, service)


def test_the_image_is_applied_by_its_digest_and_waited_for(cluster: Cluster) -> None:
    done = cluster.roll_out("prod", IMAGE)
    assert (done.returncode, done.stderr) == (0, "")
    assert cluster.calls() == ["apply", "rollout status deployment/orders"]
    applied = list(yaml.safe_load_all((cluster.folder / "applied.yaml").read_text()))
    (deployment,) = [each for each in applied if each["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
    assert {each["metadata"]["namespace"] for each in applied} == {"orders-prod"}
    assert "--namespace orders-prod" in (cluster.folder / "calls").read_text().splitlines()[1]


@pytest.mark.parametrize("unhealthy", [0, 1, 2])
def test_nothing_is_left_beside_the_manifests(cluster: Cluster, unhealthy: int) -> None:
    before = sorted((cluster.service / "deploy").rglob("*"))
    cluster.roll_out("dev", IMAGE, unhealthy=unhealthy)
    assert sorted((cluster.service / "deploy").rglob("*")) == before


def test_what_does_not_get_healthy_is_taken_back(cluster: Cluster) -> None:
    done = cluster.roll_out("prod", IMAGE, unhealthy=1)
    assert done.returncode == 1
    assert "going back" in done.stderr
    status, undo = "rollout status deployment/orders", "rollout undo deployment/orders"
    assert cluster.calls() == ["apply", status, undo, status]


@pytest.mark.parametrize("cluster", ["canary", "blue-green"], indirect=True)
def test_argo_rollouts_takes_it_back_itself_but_not_in_dev(cluster: Cluster) -> None:
    assert cluster.roll_out("prod", IMAGE, unhealthy=1).returncode == 1
    assert cluster.calls() == ["apply", "argo rollouts status orders"]
    assert cluster.roll_out("dev", IMAGE).returncode == 0
    assert cluster.calls()[2:] == ["apply", "rollout status deployment/orders"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prod", "registry.example.com/orders:1.2"], "name it by its digest"),
        (["prod"], "which image"),
        ([], "which environment"),
        (["moon", IMAGE], "there is no environment moon"),
    ],
)
def test_bad_words_change_nothing(cluster: Cluster, words: list[str], said: str) -> None:
    done = cluster.roll_out(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert cluster.calls() == []
