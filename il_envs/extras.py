"""Packages that only a part of il-envs needs."""

from importlib.util import find_spec


def require(extra: str, *packages: str) -> None:
    """Make sure that packages are installed, which `pip install il-envs[extra]` brings.

    Raises:
        ModuleNotFoundError: if one is not; the message says what to install.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"{package} is not installed; pip install 'il-envs[{extra}]'", name=package
            )
