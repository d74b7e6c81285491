"""USB full speed on two pins as a link: a serial port that hosts have a driver for."""
