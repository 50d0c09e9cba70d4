"""A DICOM node that associations are opened with."""

from dataclasses import dataclass

from service.config import ClientTLS


@dataclass(frozen=True, slots=True)
class Peer:
    """Where it is, by which AE titles the two call each other, and how long it may be silent."""

    name: str
    host: str
    port: int
    ae_title: str
    calling_ae_title: str
    connect_timeout_s: float
    timeout_s: float
    tls: ClientTLS | None = None
    tls_setting: str = ""
    """The section of the configuration that `tls` is from."""

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.host} port {self.port}, AE title {self.ae_title}, "
            f"called as {self.calling_ae_title})"
        )
