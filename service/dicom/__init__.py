"""Reading what scanners send: identity, header, body part, regions, frames. No value is trusted."""

import logging

import pydicom.config

# pydicom quotes the values it complains about, and those are patient data: its messages stay out of our logs.
# Its import sets the level, so it comes first.
pydicom.config.logger.setLevel(logging.CRITICAL + 1)
