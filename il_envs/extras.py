"""Optional packages, which only a part of il-envs needs."""

from importlib.util import find_spec


def require(extra: str, *packages: str) -> None:
    """Check that the packages of `pip install il-envs[extra]` are installed.

    Raises:
        ModuleNotFoundError: if one is missing; the message says what to install.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"{package} is not installed; pip install 'il-envs[{extra}]'", name=package
            )
