"""Writing films to files: MP4, WebM and GIF, by the program ffmpeg."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pygame

from il_envs.extras import require
from il_envs.play.film import Film

FORMATS: dict[str, tuple[str, list[str]]] = {
    ".mp4": ("libx264", ["-preset", "veryfast", "-crf", "20", "-movflags", "+faststart"]),
    ".webm": ("libvpx-vp9", ["-deadline", "realtime", "-cpu-used", "8", "-crf", "32", "-b:v", "0"]),
    ".gif": (
        "gif",
        ["-filter_complex", "split[a][b];[a]palettegen=64[p];[b][p]paletteuse=dither=none"],
    ),
}
"""The encoder for each kind of file, and its settings."""
FRAME_RATES = {".mp4": 60.0, ".webm": 30.0, ".gif": 12.5}
GIF_SIZE = (480, 300)  # pixels; a GIF of the whole picture would be very large


def checked_path(path: Path) -> Path:
    """The path of a film.

    Raises:
        ValueError: if it is no kind of film, or its folder does not exist.
        ModuleNotFoundError: without the extra `il-envs[video]`.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: a film ends in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    require("video", "imageio_ffmpeg")
    return path


def frames(film: Film, rate: float, speed: float) -> Iterable[pygame.Surface]:
    """The pictures of a film at so many frames a second, the last one for another second.

    Args:
        speed: game time over the film's time.
    """
    count = int(film.duration / speed * rate) + 1
    for number in range(count + int(rate)):
        yield film.draw(min(number, count) * speed / rate)


def write_film(
    film: Film, path: Path, speed: float = 1.0, tell: Callable[[float], None] | None = None
) -> None:
    """Write a film; the file appears when it is complete.

    Args:
        path: as `checked_path` returns it.
        tell: called with the share that is done, from 0 to 1.

    Raises:
        OSError: if it cannot be written.
    """
    import imageio_ffmpeg

    encoder, settings = FORMATS[path.suffix]
    rate = FRAME_RATES[path.suffix]
    size = GIF_SIZE if path.suffix == ".gif" else film.canvas.surface.get_size()
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    writer = imageio_ffmpeg.write_frames(
        str(temporary),
        size,
        pix_fmt_in="bgr0",
        fps=rate,
        codec=encoder,
        output_params=settings,
        pix_fmt_out="yuv420p" if encoder != "gif" else "pal8",
        macro_block_size=2,
        quality=None,
        ffmpeg_log_level="error",
    )
    total = int(film.duration / speed * rate) + 1 + int(rate)
    try:
        writer.send(None)
        for number, surface in enumerate(frames(film, rate, speed)):
            shown = surface
            if surface.get_size() != size:
                shown = pygame.transform.smoothscale(surface, size)
            writer.send(shown.get_buffer().raw)
            if tell is not None:
                tell((number + 1) / total)
        writer.close()
        temporary.replace(path)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
