"""Which models there are today, and which of them will soon be gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.errors import RuleBroken
from app.providers.image_generation.base import ImageProvider, Model, ModelState, in_force

WARN_DAYS = (90, 30, 7)
"""Days before a model ends at which whoever uses it is told, each time more urgently."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A model that ends within 90 days or has ended. `within` is the shortest of `WARN_DAYS` that still holds
    the days left, 0 once it has ended; `successor` is who paints in its place from then on."""

    provider: str
    model: str
    name: str
    ends_on: date
    days_left: int
    within: int
    successor: str | None
    is_default: bool

    @property
    def detail(self) -> str:
        """A sentence for people."""
        follows = f"{self.successor} paints in its place" if self.successor else "nothing follows it"
        if not self.days_left:
            return f"{self.name} ended on {self.ends_on}, and {follows}."
        days = "tomorrow" if self.days_left == 1 else f"in {self.days_left} days"
        return f"{self.name} ends on {self.ends_on}, {days}. From then on {follows}."


def offered(provider: ImageProvider, today: date) -> list[Model]:
    """The models that a form may offer; the first is the default."""
    models = [model for model in provider.models if model.state_on(today) is not ModelState.RETIRED]
    default = in_force(provider.models, provider.models[0].id, today) if provider.models else None
    return sorted(models, key=lambda model: model != default)


def chosen(provider: ImageProvider, model_id: str | None, today: date) -> Model:
    """The model that does the work, by default the first; one that has ended is replaced by who followed it.

    Raises `RuleBroken` where the provider has no such model, or nothing followed it.
    """
    wanted = model_id or (provider.models[0].id if provider.models else "")
    model = in_force(provider.models, wanted, today)
    if model is not None:
        return model
    if any(known.id == wanted for known in provider.models):
        raise RuleBroken("model_retired", "This model has ended, and nothing follows it. Choose another one.")
    raise RuleBroken("unknown_model", "This provider has no such model here.")


def warnings(providers: Iterable[ImageProvider], today: date) -> list[Ending]:
    """What whoever set the providers up should know, most urgent first."""
    found = [
        ending
        for provider in providers
        for place, model in enumerate(provider.models)
        if (ending := _ending(provider.models, model, today, is_default=place == 0)) is not None
    ]
    return sorted(found, key=lambda ending: (not ending.is_default, ending.ends_on))


def _ending(models: Sequence[Model], model: Model, today: date, *, is_default: bool) -> Ending | None:
    if model.shutdown_on is None:
        return None
    days_left = max(0, (model.shutdown_on - today).days)
    if days_left > WARN_DAYS[0] or (not days_left and not is_default):
        return None  # what ended and is nobody's choice is no news
    follower = in_force(models, model.id, max(today, model.shutdown_on))
    return Ending(
        provider=model.provider,
        model=model.id,
        name=model.name,
        ends_on=model.shutdown_on,
        days_left=days_left,
        within=min(days for days in WARN_DAYS if days_left <= days) if days_left else 0,
        successor=follower.id if follower else None,
        is_default=is_default,
    )
