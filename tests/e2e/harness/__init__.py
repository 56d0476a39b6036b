"""What the end-to-end tests stand on: the processes, both ends of the wire, and a second opinion on the
signature.

Nothing in here knows the gateway's source.  The gateway is a binary with two files and two ports."""
