"""A lesson: a person at the keys is the expert of an algorithm that learns in another thread.

The algorithm's thread asks for an answer at each step of its environment. The frame loop plays the
same steps, by the same actions, in an environment of its own, which is therefore in the same state;
when it has taken a step, the algorithm gets its answer. While the algorithm trains it asks nothing,
and the game stands still.
"""

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.single import WorldEnv
from il_envs.learning.labelling import SessionEndedError
from il_envs.learning.policy import Policy
from il_envs.learning.recorded_episode import Controller
from il_envs.play.overlay import Row
from il_envs.views import States

NEXT_STEP = 0.05  # s, that the frame loop waits for the algorithm to ask again after a step


@dataclass(frozen=True)
class Question:
    """What the algorithm asks about: a state, and the learner's action in it."""

    state: np.void
    proposed: NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """What was done in a state, whether the person did it, and what the person's hands did."""

    executed: NDArray[Any]
    by_person: bool
    label: NDArray[Any]


class Lesson:
    """Passes questions of the algorithm to the frame loop, and its answers back.

    To the algorithm it is a labeller, and an observer of its progress; to the game it is a pilot,
    which acts as the learner does.

    Args:
        env: the environment of the frame loop.

    Attributes:
        progress: the stage of the training, how many of its parts have begun, and of how many.
        labels: how many answers the algorithm has counted as labels.
        takeovers: how often the person has taken over.
        policy: what was learned; None before the end.
        outcome: what there is to say of it at the end, as rows of a name and its meaning.
        error: what went wrong in the algorithm or afterwards; None if nothing did.
    """

    name = "learner"
    controller: Controller = "policy"

    def __init__(self, env: WorldEnv) -> None:
        self.progress: dict[str, tuple[int, int]] = {}
        self.labels = 0
        self.takeovers = 0
        self.policy: Policy | None = None
        self.outcome: list[Row] = []
        self.error: Exception | None = None
        self._env = env
        self._questions: SimpleQueue[Question] = SimpleQueue()
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._question: Question | None = None
        self._has_ended = False
        self._was_taken_over = False
        self._thread: Thread | None = None

    def start(
        self, learn: Callable[["Lesson"], Policy], finish: Callable[["Lesson"], list[Row]]
    ) -> None:
        """Let an algorithm learn in a thread of its own, and finish the lesson there."""

        def run() -> None:
            try:
                self.policy = learn(self)
                self.outcome = finish(self)
            except Exception as error:
                self.error = error

        self._thread = Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the lesson is finished."""
        return self._thread is not None and not self._thread.is_alive()

    @property
    def rows(self) -> list[Row]:
        """What came of the lesson."""
        rows = [("labels", str(self.labels))]
        if self.takeovers:
            rows.append(("takeovers", str(self.takeovers)))
        if self.error is not None:
            return [*rows, ("nothing is kept", str(self.error))]
        return [*rows, *self.outcome]

    def end(self) -> None:
        """Ask nothing more of the person; the algorithm ends with what it has."""
        self._has_ended, self._question = True, None
        self._answers.put(None)

    def wait(self) -> None:
        """Wait until the lesson is finished."""
        if self._thread is not None:
            self._thread.join()

    # What the algorithm's thread calls.

    def label(
        self,
        states: States,
        params: States,
        rows: NDArray[np.bool_],
        proposed: NDArray[Any] | None,
    ) -> ArrayLike:
        """What the person's hands do while the learner acts, as in `Labeller`."""
        assert proposed is not None  # DAgger tells it
        answer = self._ask(states, proposed)
        self.labels += int(rows.sum())
        return answer.label[None]

    def intervene(
        self, states: States, params: States, proposed: NDArray[Any]
    ) -> tuple[ArrayLike, NDArray[np.bool_]]:
        """What was done, and whether by the person, as in `Labeller`."""
        answer = self._ask(states, proposed)
        self.labels += answer.by_person
        self.takeovers += answer.by_person and not self._was_taken_over
        self._was_taken_over = answer.by_person
        return answer.executed[None], np.array([answer.by_person])

    def observe(self, stage: str, begun: int, total: int) -> None:
        """Take in how far the training is, as an observer of a problem."""
        self.progress[stage] = (begun, total)

    def _ask(self, states: States, proposed: NDArray[Any]) -> Answer:
        if self._has_ended:
            raise SessionEndedError
        self._questions.put(Question(states[0].copy(), proposed[0].copy()))
        answer = self._answers.get()
        if answer is None:
            raise SessionEndedError
        return answer

    # What the frame loop calls.

    def asked_state(self) -> np.void | None:
        """The state that the algorithm asks about; None while it trains."""
        self._look(0.0)
        return None if self._question is None else self._question.state

    def begin(self) -> None:
        """Nothing is remembered of the last episode."""

    def decide(self, observation: Any) -> NDArray[Any] | None:
        """The learner's action in the state of the frame loop; None if that is not asked about."""
        self._look(NEXT_STEP)
        if self._question is None or self._question.state != self._env.state:
            return None
        return self._question.proposed

    def step_taken(
        self, executed: NDArray[Any], by_player: bool, label: NDArray[Any] | None
    ) -> None:
        """Answer the question, now that the step has been taken."""
        if self._question is not None:
            self._question = None
            blank = np.zeros_like(executed) if label is None else label
            self._answers.put(Answer(executed.copy(), by_player, blank.copy()))

    def _look(self, seconds: float) -> None:
        """Take the next question, if there is one within so many seconds."""
        if self._question is None and not (self._has_ended or self.is_over):
            try:
                self._question = self._questions.get(timeout=seconds) if seconds else (
                    self._questions.get_nowait()
                )  # fmt: skip
            except Empty:
                return
