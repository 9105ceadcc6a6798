"""What happens to one Mac, top to bottom.

    pyinfra inventory/lab.py deploy.py --dry --diff
    pyinfra inventory/lab.py deploy.py -y

A Mac that cannot become what the lab describes is refused before anything is done to it, and
never stops another.
"""

from pyinfra import host, inventory
from pyinfra.api import DeployError

from torchard.errors import TorchardError
from torchard.lab.model import SHELLS
from torchard.operations.environment import environment
from torchard.operations.miniconda import miniconda
from torchard.operations.prune import prune
from torchard.operations.refuse import refuse
from torchard.operations.shell_file import shell_file
from torchard.operations.verify import verify
from torchard.plan.plan import find_blockers, is_short_of_disk
from torchard.plan.shell_init import place
from torchard.remote import facts
from torchard.workspace.workspace import workspace

try:
    lab = workspace(host.data.torchard_lab, inventory.get_override_data())
except TorchardError as error:  # what --data says does not fit the lab
    raise DeployError(str(error)) from None
mac = lab.mac(host.data.torchard_mac)
state = facts.read(mac.miniconda.prefix)

if state is not None:
    target = lab.target(mac, state)
    if is_short_of_disk(target):  # by df, which does not know what macOS would remove
        target = lab.target(mac, facts.read_room(mac.miniconda.prefix, state))
    reasons = find_blockers(target)
    if reasons:
        refuse(name="Refuse", reason="; ".join(reasons))
    else:
        miniconda(name="Miniconda", mac=mac, installer=target.installer, workspace=lab)
        # Over every environment of the lab, in one order: pyinfra tells operations apart by
        # their place, so a Mac's own list would be taken for another's.
        for name in host.loop(lab.lab.environments):
            if name in target.locks:
                lock = target.locks[name]
                built = environment(name=f"Environment {name}", mac=mac, lock=lock, workspace=lab)
                verify(name=f"Verify {name}", mac=mac, lock=lock, after=built)
        for shell in host.loop(SHELLS):
            if shell in mac.shells:
                shell_file(name=f"Shell {place(shell)}", mac=mac, shell=shell, workspace=lab)
        if mac.prune:
            prune(name="Prune", mac=mac, workspace=lab)
