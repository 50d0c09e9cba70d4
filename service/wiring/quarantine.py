"""The quarantine's commands: what they need beside the store."""

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.accept.quarantine.conflicts import Entering
from service.accept.quarantine.release import Releaser
from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.wiring.intake import SettledEntries


def open_releaser(settings: Settings, ledger: Ledger, store: InstanceStore) -> Releaser:
    """Releases straight into store and ledger. The journal is left to the process that receives."""

    def find(sop_instance_uid: str) -> ReceivedInstance | None:
        with ledger.read() as tx:
            return tx.instances.find(sop_instance_uid)

    entering = Entering(SettledEntries(ledger, replace=True), store)
    receiver = InstanceReceiver(store, DirectIntake(entering.enter_one), settings.accept)
    return Releaser(store, receiver, find, settings.accept.max_instance_bytes)
