"""`deploy/roll-out.sh` against a cluster that is a script: what it applies is real, what the cluster says is not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road.testing import run, write_files
from tests.stamped.delivered import stamped
from tests.tools import tool

DIGEST = "sha256:" + "4b" * 32
IMAGE = f"registry.example.com:5000/shop/orders@{DIGEST}"

# Each call's words go to `calls`. `rollout status` fails as often as `unhealthy` has lines. The Deployment is in its
# seventh generation. Each look at the Rollout takes a line of `states`; the last one stays.
CLUSTER = """\
#!/bin/sh
echo "$*" >>"$CLUSTER/calls"
case $* in
  apply*) exec "$KUBECTL" kustomize "$3" >"$CLUSTER/applied.yaml" ;;
  "rollout status"*) test -s "$CLUSTER/unhealthy" || exit 0
     sed -i 1d "$CLUSTER/unhealthy"; exit 1 ;;
  "get deployment"*) echo 7 ;;
  "get rollouts"*) state=$(head -1 "$CLUSTER/states")
     test "$(wc -l <"$CLUSTER/states")" = 1 || sed -i 1d "$CLUSTER/states"
     test "$state" != unreachable || exit 1
     echo "$state" ;;
esac
"""

# Time passes when the script says so.
CLOCK = '#!/bin/sh\necho "$1" >>"$CLUSTER/slept"\n'

# What the Rollout says: the generations seen of the Deployment and of itself, its own generation, phase, message.
BEFORE = "6,2,2,Healthy,"
PROGRESSING = "7,2,2,Progressing,more replicas need to be updated"
STEP = "7,2,2,Paused,CanaryPauseStep"
HEALTHY = "7,2,2,Healthy,"
DEGRADED = '7,2,2,Degraded,RolloutAborted: metric "errors" assessed Failed, due to failed (2) > failureLimit (1)'
INCONCLUSIVE = "7,2,2,Paused,InconclusiveAnalysisRun"

WATCH = "get rollouts.argoproj.io/orders"
UNDO = "rollout undo deployment/orders"


class Cluster:
    def __init__(self, folder: Path, service: Path) -> None:
        self.folder, self.service = folder, service

    def roll_out(self, *words: str, unhealthy: int = 0, states: Sequence[str] = (HEALTHY,)) -> CompletedProcess[str]:
        write_files(self.folder, {"unhealthy": "once\n" * unhealthy, "states": "".join(f"{one}\n" for one in states)})
        env = {"KUBECTL": tool("kubectl"), "CLUSTER": str(self.folder), "PATH": f"{self.folder}:/usr/bin:/bin"}
        return run(self.service / "deploy" / "roll-out.sh", *words, cwd=self.folder, env=env)

    def calls(self) -> list[str]:
        """What was asked of it, less where and how long, and less repetition."""
        path = self.folder / "calls"
        asked = [line.split(" --")[0] for line in path.read_text().splitlines()] if path.exists() else []
        return [each for each, _ in groupby(asked)]

    def waited(self) -> int:
        """Seconds that the script slept."""
        return sum(int(line) for line in (self.folder / "slept").read_text().splitlines())


@pytest.fixture
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Cluster:
    service, folder = tmp_path / "orders", tmp_path / "cluster"
    files = stamped(rollout=getattr(request, "param", "rolling"))
    write_files(service, {path + "*" * path.endswith(".sh"): text for path, text in files.items()})
    write_files(folder, {"kubectl*": CLUSTER, "sleep*": CLOCK})
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
    assert "restoring the version before" in done.stderr
    status, undo = "rollout status deployment/orders", "rollout undo deployment/orders"
    assert cluster.calls() == ["apply", status, undo, status]


PROGRESSIVE = pytest.mark.parametrize("cluster", ["canary", "blue-green"], indirect=True)


@PROGRESSIVE
def test_a_rollout_is_watched_without_a_plug_in_but_not_in_dev(cluster: Cluster) -> None:
    done = cluster.roll_out("prod", IMAGE, states=[PROGRESSING, STEP, STEP, PROGRESSING, HEALTHY])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Progressing: more replicas need to be updated",
        "Paused: CanaryPauseStep",
        "Progressing: more replicas need to be updated",
        "Healthy",
    ]
    assert cluster.calls() == ["apply", "get deployment/orders", WATCH]
    assert all("--namespace orders-prod" in line for line in (cluster.folder / "calls").read_text().splitlines()[1:])
    assert cluster.roll_out("dev", IMAGE).returncode == 0
    assert cluster.calls()[3:] == ["apply", "rollout status deployment/orders"]


@PROGRESSIVE
def test_a_bad_version_is_taken_out_of_the_deployment_too(cluster: Cluster) -> None:
    """Argo Rollouts has aborted it by then; in the Deployment it would come back with the next change of a setting."""
    done = cluster.roll_out("prod", IMAGE, states=[PROGRESSING, DEGRADED, HEALTHY])
    assert done.returncode == 1
    assert 'Degraded: RolloutAborted: metric "errors" assessed Failed, due to' in done.stdout
    assert "restoring the version before" in done.stderr
    assert cluster.calls() == ["apply", "get deployment/orders", WATCH, UNDO, "get deployment/orders", WATCH]


@PROGRESSIVE
@pytest.mark.parametrize(
    "behind", [BEFORE, "7,1,2,Healthy,", "6,2,2,Degraded,ProgressDeadlineExceeded", ",,1,,", "unreachable"]
)
def test_what_the_controller_says_of_the_version_before_decides_nothing(cluster: Cluster, behind: str) -> None:
    assert cluster.roll_out("prod", IMAGE, states=[behind, behind, HEALTHY]).returncode == 0
    assert cluster.waited() == 20
    bad = cluster.roll_out("prod", IMAGE, states=[behind, DEGRADED, HEALTHY])
    assert bad.returncode == 1


@PROGRESSIVE
@pytest.mark.parametrize("stuck", [STEP, "unreachable"])
def test_a_version_that_takes_an_hour_is_taken_back(cluster: Cluster, stuck: str) -> None:
    done = cluster.roll_out("staging", IMAGE, states=[stuck] * 360 + [HEALTHY])
    assert done.returncode == 1
    assert cluster.waited() == 3600
    assert cluster.calls() == ["apply", "get deployment/orders", WATCH, UNDO, "get deployment/orders", WATCH]


@PROGRESSIVE
def test_a_version_that_nobody_called_waits_for_a_person(cluster: Cluster) -> None:
    done = cluster.roll_out("prod", IMAGE, states=[STEP, INCONCLUSIVE])
    assert done.returncode == 3
    assert "nobody called it" in done.stderr
    assert f"kubectl {UNDO} --namespace orders-prod" in done.stderr
    assert cluster.calls() == ["apply", "get deployment/orders", WATCH]


@PROGRESSIVE
def test_a_version_before_that_is_not_healthy_either_is_not_waited_for_for_ever(cluster: Cluster) -> None:
    assert cluster.roll_out("prod", IMAGE, states=[DEGRADED]).returncode == 1
    done = cluster.roll_out("prod", IMAGE, states=[DEGRADED, PROGRESSING])
    assert done.returncode == 1
    assert cluster.waited() == 600


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
