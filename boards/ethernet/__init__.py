"""Gigabit Ethernet as a link: from the PHY's pins to the stream of bytes that a shell wants."""
