"""Writing films to files: MP4, WebM and GIF, by the program ffmpeg."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from subprocess import PIPE

import pygame

from il_envs.extras import require
from il_envs.play.film import Film

SMALL = ["-pix_fmt", "yuv420p"]  # which every player can show
FORMATS = {
    ".mp4": ("libx264", ["-preset", "veryfast", "-crf", "20", *SMALL]),
    ".webm": ("libvpx-vp9", ["-deadline", "realtime", "-cpu-used", "8", "-crf", "32", *SMALL]),
    ".gif": ("gif", ["-filter_complex", "split[a][b];[a]palettegen=64[p];[b][p]paletteuse"]),
}
"""The encoder for each kind of file, and its settings."""
FRAME_RATES = {".mp4": 30.0, ".webm": 30.0, ".gif": 12.5}
PROGRESS_WIDTH = 40  # characters
GIF_SIZE = (480, 300)  # pixels; a GIF of the whole picture would be very large


def checked_path(path: Path) -> Path:
    """The path of a film.

    Raises:
        ValueError: if it is no kind of film, or its folder does not exist.
        ModuleNotFoundError: without ffmpeg, which the extra `il-envs[video]` brings.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: a film ends in {', '.join(FORMATS)}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if shutil.which("ffmpeg") is None:
        require("video", "imageio_ffmpeg")
    return path


def progress_line(title: str) -> Callable[[float], None]:
    """What shows a share from 0 to 1 as a bar on the terminal; nothing where there is none."""

    def tell(share: float) -> None:
        if sys.stderr.isatty():
            bar = "#" * round(PROGRESS_WIDTH * share)
            end = "\n" if share == 1.0 else ""
            print(
                f"\r{title} [{bar:{PROGRESS_WIDTH}}] {100 * share:.0f} %",
                end=end,
                file=sys.stderr,
                flush=True,
            )

    return tell


@dataclass(frozen=True)
class Cut:
    """How much of an episode a film shows, and how.

    Attributes:
        size: width and height in pixels; None for those of the picture.
        rate: frames a second; None for what is usual for its kind of file.
        longest: seconds after which it ends; infinite for the whole episode.
    """

    size: tuple[int, int] | None = None
    rate: float | None = None
    longest: float = inf


WHOLE = Cut()


def moments(film: Film, rate: float, speed: float, longest: float) -> list[float]:
    """The moments of an episode (s of game time) that a film shows at so many frames a second, the
    last one for another second if it is the episode's end.

    Args:
        speed: game time over the film's time.
        longest: seconds after which the film ends.
    """
    count = int(film.duration / speed * rate) + 1
    shown = [min(number, count) * speed / rate for number in range(count + int(rate))]
    return shown if longest == inf else shown[: max(1, int(longest * rate))]


def write_film(
    film: Film,
    path: Path,
    speed: float = 1.0,
    tell: Callable[[float], None] | None = None,
    cut: Cut = WHOLE,
) -> float:
    """Write a film; the file appears when it is complete. Returns its length, s.

    Args:
        path: as `checked_path` returns it.
        tell: called with the share that is done, from 0 to 1.

    Raises:
        OSError: if it cannot be written.
    """
    encoder, settings = FORMATS[path.suffix]
    rate = cut.rate or FRAME_RATES[path.suffix]
    size = cut.size or (GIF_SIZE if path.suffix == ".gif" else film.canvas.surface.get_size())
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    shown_at = moments(film, rate, speed, cut.longest)
    total = len(shown_at)
    command = [
        _ffmpeg(), "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "bgr0", "-s", f"{size[0]}x{size[1]}", "-r", str(rate),
        "-i", "-", "-codec:v", encoder, *settings, f"file:{temporary}",
    ]  # fmt: skip
    try:
        with subprocess.Popen(command, stdin=PIPE, stderr=PIPE) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            with suppress(BrokenPipeError):  # ffmpeg has given up, and says why
                for number, moment in enumerate(shown_at):
                    shown = surface = film.draw(moment)
                    if surface.get_size() != size:
                        shown = pygame.transform.smoothscale(surface, size)
                    process.stdin.write(shown.get_buffer().raw)
                    if tell is not None:
                        tell((number + 1) / total)
                process.stdin.close()
            complaint = process.stderr.read().decode(errors="replace").strip()
        if process.returncode != 0:
            raise OSError((complaint.splitlines() or ["ffmpeg failed"])[-1])
        temporary.replace(path)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return total / rate


def _ffmpeg() -> str:
    """The program: the system's, or that of the package imageio-ffmpeg."""
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    import imageio_ffmpeg

    program: str = imageio_ffmpeg.get_ffmpeg_exe()
    return program
