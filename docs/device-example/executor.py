"""What a laboratory writes: the chip behind the server. Everything else (device_server.py) can stay as it is."""


class Unable(Exception):
    """This device cannot run that program; the text says why and reaches the host."""


class Executor:
    """One device. The server makes one, and calls it from one thread at a time."""

    #: A name for people.
    device = "a device"
    firmware = "unknown"
    #: Names of targets whose programs it runs; empty: any.
    targets = ()

    #: Number of neurons of each population, and of elements that the host may send. Known after `load`.
    population_sizes = ()
    input_size = 0

    def load(self, programs):
        """`programs`: bytes of the program of each chip, by chip number, with hashes checked. Replaces what was loaded
        before and leaves the device as after `restart`. Raises ValueError (no program) or Unable."""
        raise NotImplementedError

    def restart(self):
        """State as after loading; the next timestep has number 0."""
        raise NotImplementedError

    def advance(self, timesteps, inputs):
        """Runs so many chip timesteps. `inputs`: (elements, values) by offset of the timestep, elements ascending, values
        not 0, as integers of the host input; a timestep that is a multiple of `interval` with an input begins an image.

        Returns for each timestep a pair of dictionaries by population: what was sent, as (neuron, payload), and what
        populations that are read out hold, as (neuron, value) of every neuron; neurons ascending, both integers.
        Populations that sent nothing may be missing."""
        raise NotImplementedError
