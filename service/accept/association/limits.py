"""What one peer may make this process hold or wait for, whichever receiver is chosen."""

MAX_PDU_BYTES = 131072
"""The PDU size that is proposed to peers (PS3.8 D.1). Larger ones are no faster: measured with storescu."""
LONGEST_PDU_BYTES = 1024 * 1024
"""A longer PDU ends the association: nothing that keeps to the size above comes near."""
MAX_COMMAND_BYTES = 64 * 1024
"""Command sets have some hundred bytes."""
CONNECTIONS_PER_ASSOCIATION = 2
"""Half of the connections may be ones that have not asked for an association yet."""
ASSOCIATE_WITHIN_S = 30.0
"""Time for a new connection to ask for an association (the ARTIM timer, PS3.8 9.1.5)."""
BACKLOG = 64
"""Connections that wait to be taken."""
MAX_REQUEST_BYTES = 256 * 1024
"""Of an A-ASSOCIATE-RQ. The largest real one, 128 contexts with every transfer syntax, has about 100 KiB."""
MAX_CONTEXTS = 128
"""Presentation contexts in a request: they have the odd IDs of one byte (PS3.8 9.3.2.2)."""
MAX_TRANSFER_SYNTAXES = 128
"""Proposed in one presentation context. PS3.6 annex A has about 65, retired ones included."""
MAX_USER_ITEMS = 512
"""Items of user information in a request: up to three for each SOP Class, and some for all."""
