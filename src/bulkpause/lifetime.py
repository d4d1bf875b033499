"""The one `async with` in which an object may be used, and the loop that it runs on."""

import asyncio


class Lifetime:
    """Tells whether an object may be used now, and says what to do if it may not.

    Args:
        name: The name of its class.
    """

    def __init__(self, name: str = "Pauser") -> None:
        self._name = name
        self._argument = "token" if name == "Pauser" else "pausers"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False

    def begin(self) -> None:
        """Enter it, once.

        Raises:
            RuntimeError: It was entered before.
        """
        if self._loop is not None:
            raise RuntimeError(
                f"this {self._name} was used before: make a new one for each "
                "`async with`"
            )
        self._loop = asyncio.get_running_loop()

    def withdraw(self) -> None:
        """Take the beginning back, since entering failed."""
        self._loop = None

    def end(self) -> None:
        """Leave it, for good."""
        self._is_over = True

    def check_is_open(self) -> None:
        """Check that it was entered and not left.

        Raises:
            RuntimeError: It was not, or it was left.
        """
        if self._is_over:
            raise RuntimeError(
                f"the `async with` of this {self._name} is over: make a new one"
            )
        if self._loop is None:
            raise RuntimeError(
                f"a {self._name} is used inside `async with`: write "
                f"`async with {self._name}({self._argument}) as {self._name.lower()}:`"
            )

    def check_is_here(self) -> None:
        """Check that it is open, and on the loop that runs here.

        Raises:
            RuntimeError: It is not open, or belongs to another loop.
        """
        self.check_is_open()
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(
                f"this {self._name} belongs to another event loop: make one in each loop"
            )

    @property
    def loop_elsewhere(self) -> asyncio.AbstractEventLoop | None:
        """The loop that it was entered on, unless that is the one that runs here."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        return None if self._loop is here or self._is_over else self._loop
