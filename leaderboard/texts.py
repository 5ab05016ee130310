"""Words for numbers of things, and strangers' text made fit for a line on a terminal or a page."""

LONGEST = 500  # characters


def one_line(text: str) -> str:
    """The first line that is not blank, of at most `LONGEST` characters; what could steer a
    terminal, or has no picture, is escaped."""
    line = (text.strip().splitlines() or [""])[0][: LONGEST + 1]
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


def count_of(count: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def of_error(error: BaseException) -> str:
    """The kind and the message of an error in a line."""
    text = str(error).strip()
    return one_line(f"{type(error).__name__}: {text}" if text else type(error).__name__)
