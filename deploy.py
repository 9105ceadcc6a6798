"""What happens to one Mac, top to bottom.

    pyinfra inventory/lab.py deploy.py --dry --diff
    pyinfra inventory/lab.py deploy.py -y

A Mac that cannot become what the lab describes is blocked before anything is done to it. It never
stops another.
"""

from pyinfra import host, inventory
from pyinfra.api import DeployError

from torchard.api import (
    SHELLS,
    TorchardError,
    block,
    build_environment,
    find_blockers,
    find_target,
    install_miniconda,
    kernel,
    open_lab,
    prune,
    share_prefix,
    shell_file,
    shell_file_path,
    verify,
)

try:
    workspace = open_lab(host.data.torchard_lab, inventory.get_override_data())
except TorchardError as error:  # --data does not fit the lab
    raise DeployError(str(error)) from None
mac = workspace.find_mac(host.data.torchard_mac)
target = find_target(workspace, mac)

if target is not None:
    blockers = find_blockers(target)
    if blockers:
        block(name="Blocked", reason="; ".join(blockers))
    else:
        if mac.miniconda.shared:
            share_prefix(name="Sharing", mac=mac, workspace=workspace)
        install_miniconda(
            name="Miniconda", mac=mac, installer=target.installer, workspace=workspace
        )
        # All environments of the lab, in one order for every Mac: pyinfra identifies an operation
        # by its position, and would mix up the lists of two Macs.
        for name in host.loop(workspace.lab.environments):
            if name in target.locks:
                lock = target.locks[name]
                built = build_environment(
                    name=f"Environment {name}", mac=mac, lock=lock, workspace=workspace
                )
                verify(name=f"Verify {name}", mac=mac, lock=lock, after=built)
        for shell in host.loop(SHELLS):
            if shell in mac.shells:
                path = shell_file_path(shell)
                shell_file(name=f"Shell {path}", mac=mac, shell=shell, workspace=workspace)
        if target.state.kernels or any(one.kernel for one in target.environments.values()):
            kernel(name="Kernel", mac=mac, workspace=workspace)
        if mac.prune or target.state.leftovers:
            prune(name="Prune", mac=mac, workspace=workspace)
