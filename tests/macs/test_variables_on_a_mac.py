"""The lab's variables on a simulated Mac: conda sets them, and a person's win."""

from __future__ import annotations

import on_a_mac
import pytest

from simlab.lab import SimLab
from torchard.lab.model import Environment, MacHost
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target

LABS = {"PYTORCH_ENABLE_MPS_FALLBACK": "1", "HF_HOME": "/Users/Shared/hf"}
MORE = {**LABS, "HF_HOME": "/opt/hf", "OMP_NUM_THREADS": "4"}
PRINT = "printenv PYTORCH_ENABLE_MPS_FALLBACK HF_HOME MINE OMP_NUM_THREADS"


@pytest.fixture(scope="module")
def mac(tmp_path_factory, simlab_depot, artefacts):
    """A Mac with an environment that has variables of the lab."""
    assert artefacts
    mac = on_a_mac.make(tmp_path_factory.mktemp("variables"))
    assert mac.install(simlab_depot).returncode == 0
    asked = Environment("own", "3.12", None)
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:
        mac.its_lock = on_a_mac.solve(simlab_depot, asked, lab.web_url)
    mac.push_all(simlab_depot, mac.its_lock)
    done = mac.run(mac.build_script(mac.its_lock, variables=LABS))
    assert done.returncode == 0, done.stderr
    yield mac
    mac.end()


def plan(mac, variables):
    """Plan it as a lab with these variables would."""
    wanted = Environment("own", "3.12", None, variables=variables)
    host = MacHost("mac-1", environments=("own",))
    target = Target(host, mac.state, locks={"own": mac.its_lock}, environments={"own": wanted})
    return plan_mac(mac.look(target))


def test_conda_sets_the_labs_variables_and_a_persons_win(mac, simlab_depot):
    """For `conda run` and `conda activate`, also after an update and a change of the lab."""
    conda = f"{mac.prefix}/bin/conda"
    assert plan(mac, LABS).state == "up_to_date"
    assert mac.run(f"{conda} run -n own {PRINT}").stdout == "1\n/Users/Shared/hf\n"
    assert mac.run(f"{conda} env config vars set -n own MINE=x PYTORCH_ENABLE_MPS_FALLBACK=0")
    planned = plan(mac, MORE)
    (step,) = planned.steps
    assert step.carried.names == ("conda-meta/state",)
    assert ["PYTORCH_ENABLE_MPS_FALLBACK" in one for one in planned.warnings] == [True]
    mac.push_all(simlab_depot, mac.its_lock)
    done = mac.run(mac.build_script(mac.its_lock, variables=MORE))
    assert done.returncode == 0, done.stderr
    hook = f"eval \"$('{conda}' shell.posix hook)\""
    said = mac.run(f"{hook}; conda activate own; {PRINT}; conda deactivate; {PRINT}")
    assert said.stdout == "0\n/opt/hf\nx\n4\n"
    assert plan(mac, MORE).state == "up_to_date"
