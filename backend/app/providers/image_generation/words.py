"""What people are told when a provider gives no picture. Plain words, and what to do next."""

from __future__ import annotations

REFUSED = "The provider's safety rules refuse this prompt. Say it differently and try again."
HELD_BACK = (
    "The provider's safety rules held the finished picture back. Say the prompt differently and try again."
)
BAD_PROMPT = "The provider does not take this prompt. Shorten it or say it differently."
BAD_OPTION = "The provider does not take this size or quality for the model. Choose another one."
BAD_SOURCE = "The provider does not take this picture to change. Use a smaller one, or another one."
BAD_SOURCE_TYPE = "Only PNG, JPEG and WebP pictures can be changed with AI. Choose another one."
NO_EDITS = "This model makes new pictures only. Choose a model that changes pictures."
NO_MASKS = "This model can't keep to a painted part. Choose another one, or leave the mask out."
PACES = "The provider gets too many requests right now. Try again a little later."
BUSY = "The provider is overloaded and did not take the request. Try again a little later."
DOWN = "The provider cannot be reached right now. Try again a little later."
FAILED = "The provider tried and could not make this picture. Try again, or say the prompt differently."
STOPPED = "The provider stopped before the picture was done."
NO_MEMORY = "The image server has not enough memory for this size. Choose a smaller one."
NO_MONEY = (
    "The account at the AI provider has no credit left or has reached its limit. Its owner has to top it up."
)
BAD_KEY = "The AI provider does not accept the key. Whoever runs this server has to check its settings."
NOT_ALLOWED = "The account at the AI provider may not use this model. Its owner has to check it there."
NO_MODEL = "The AI provider does not know this model, or no longer offers it. Choose another one."
BAD_ADDRESS = "The AI provider's address in the settings does not answer as it should. Check it."
BAD_WORKFLOW = "The image server does not take the workflow. Whoever runs this server has to check it."
UNKNOWN = (
    "The provider's answer was lost. The picture may have been made and billed, so it is not asked for again."
)
GONE = "The picture was made and billed, but the provider no longer keeps it. It is not asked for again."
