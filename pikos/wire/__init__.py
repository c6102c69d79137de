"""The wire protocol: what a message is, as data and as bytes, with no socket and no clock."""
