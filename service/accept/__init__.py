"""RECEIVED: the C-STORE SCP; bytes are durable before 0x0000."""
