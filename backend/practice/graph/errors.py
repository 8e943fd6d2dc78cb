"""Every refusal of the Graph simulator, with Meta's own numbers.

The texts meant for people come in the account's language, as Meta's do. A client that decides by text
is therefore wrong from the first day.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """One documented error: numbers, the developer's text, and the user's texts by language."""

    code: int
    subcode: int | None
    message: str
    status: int = 400
    is_transient: bool = False
    type: str = "OAuthException"
    titles: Mapping[str, str] | None = None
    texts: Mapping[str, str] | None = None


class GraphError(Exception):
    """Ends a call with a refusal. `facts` fill the placeholders of its texts."""

    def __init__(self, refusal: Refusal, **facts: Any) -> None:
        super().__init__(f"{refusal.code}/{refusal.subcode}")
        self.refusal = refusal
        self.facts = facts


def trace_id() -> str:
    """A fresh `fbtrace_id`."""
    return "A" + secrets.token_urlsafe(16)


def envelope(refusal: Refusal, facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The body of an error answer."""
    error: dict[str, Any] = {
        "message": refusal.message.format(**facts),
        "type": refusal.type,
        "code": refusal.code,
    }
    if refusal.subcode is not None:
        error["error_subcode"] = refusal.subcode
    error["is_transient"] = refusal.is_transient
    if refusal.titles and refusal.texts:
        error["error_user_title"] = _pick(refusal.titles, language).format(**facts)
        error["error_user_msg"] = _pick(refusal.texts, language).format(**facts)
    error["fbtrace_id"] = trace_id()
    return {"error": error}


def _pick(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["en"])


# Tokens and permissions

TOKEN_MISSING = Refusal(
    2500, None, "An active access token must be used to query information about the current user."
)
TOKEN_INVALID = Refusal(
    190, 467, "Error validating access token: The session is invalid because the user logged out."
)
TOKEN_TROUBLES: Mapping[int, Refusal] = {
    458: Refusal(190, 458, "Error validating access token: The user has not authorized application."),
    459: Refusal(190, 459, "Error validating access token: The user is enrolled in a checkpoint."),
    460: Refusal(
        190,
        460,
        "Error validating access token: The session has been invalidated because the user changed "
        "their password or Facebook has changed the session for security reasons.",
    ),
    463: Refusal(190, 463, "Error validating access token: Session has expired."),
    464: Refusal(190, 464, "Error validating access token: Sessions for the user are not allowed."),
    467: TOKEN_INVALID,
    492: Refusal(190, 492, "Error validating access token: The user has no role on the Page."),
}
TOKEN_SIGNATURE = Refusal(190, None, "Invalid OAuth access token signature.")
TOKEN_TOO_YOUNG = Refusal(100, None, "The access token must be at least 24 hours old to be refreshed.")
PROOF_INVALID = Refusal(100, None, "Invalid appsecret_proof provided in the API argument")
APP_UNKNOWN = Refusal(101, None, "Error validating application. Cannot get application info.")
APP_SECRET_WRONG = Refusal(1, None, "Error validating client secret.")
CODE_INVALID = Refusal(100, None, "Invalid verification code format.")
CODE_USED = Refusal(100, 36009, "This authorization code has been used.")
CODE_EXPIRED = Refusal(100, 36007, "This authorization code has expired.")
REDIRECT_DIFFERS = Refusal(
    100,
    36008,
    "Error validating verification code. Please make sure your redirect_uri is identical to the one you "
    "used in the OAuth dialog request",
)
OBJECT_MISSING = Refusal(
    100,
    33,
    "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation.",
    type="GraphMethodException",
)
PERMISSION_MISSING = Refusal(
    10, None, "(#10) Application does not have permission for this action", status=403
)
PORTFOLIO_PERMISSION_MISSING = Refusal(
    200, None, "(#200) Requires business_management permission to manage the object.", status=403
)
PAGE_PERMISSION_MISSING = Refusal(
    200,
    None,
    "(#200) If posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin "
    "with sufficient administrative permission",
    status=403,
)
PAGE_TOKEN_NEEDED = Refusal(
    200, None, "(#200) Unpublished posts must be posted to a page as the page itself.", status=403
)
ACCOUNT_RESTRICTED = Refusal(
    25,
    2207050,
    "The user is not an Instagram Business or is restricted.",
    titles={"en": "Account restricted", "es": "Cuenta restringida"},
    texts={
        "en": "The Instagram account is restricted. Sign in to the Instagram app to see what to do.",
        "es": "La cuenta de Instagram está restringida. Inicia sesión en la app para ver qué hacer.",
    },
)

# Requests that cannot be understood

PATH_UNKNOWN = Refusal(2500, None, "Unknown path components: {path}", status=400)
METHOD_UNSUPPORTED = Refusal(100, None, "Unsupported {verb} request.", type="GraphMethodException")
PARAMETER_MISSING = Refusal(100, None, "(#100) The parameter {name} is required")
PARAMETER_INVALID = Refusal(100, None, "(#100) Param {name} {problem}")
FIELD_UNKNOWN = Refusal(100, None, "(#100) Tried accessing nonexisting field ({field}) on node type ({node})")
BODY_TOO_LARGE = Refusal(1, None, "Please reduce the amount of data you're asking for.", status=413)
SERVICE_DOWN = Refusal(
    2, None, "An unexpected error has occurred. Please retry your request later.", 500, is_transient=True
)

# Instagram: making a container

DOWNLOAD_TOO_SLOW = Refusal(
    -2,
    2207003,
    "Timeout while downloading the media.",
    titles={"en": "Timeout", "es": "Tiempo de espera agotado"},
    texts={
        "en": "It takes too long to download the media.",
        "es": "La descarga del contenido multimedia tarda demasiado.",
    },
)
MEDIA_NOT_FETCHED = Refusal(
    9004,
    2207052,
    "Only photo or video can be accepted as media type.",
    titles={
        "en": "The media could not be fetched. Its URI does not meet our requirements.",
        "es": "Se ha producido un error al descargar el contenido multimedia. El URI de este contenido no "
        "cumple nuestros requisitos.",
    },
    texts={
        "en": "The media could not be fetched from this URI: {url}",
        "es": "No se ha podido recuperar el contenido multimedia de este URI: {url}",
    },
)
IMAGE_TOO_LARGE = Refusal(
    36000,
    2207004,
    "The image size is too large.",
    titles={"en": "Image size too large", "es": "La imagen es demasiado grande"},
    texts={
        "en": "The image is too large to download. It should be less than 8 MiB.",
        "es": "La imagen es demasiado grande para descargarla. Debe tener menos de 8 MiB.",
    },
)
IMAGE_FORMAT = Refusal(
    36001,
    2207005,
    "The image format is not supported.",
    titles={"en": "Unsupported format", "es": "Formato no admitido"},
    texts={
        "en": "The image format is not supported. Use JPEG.",
        "es": "El formato de la imagen no es compatible. Usa JPEG.",
    },
)
IMAGE_RATIO = Refusal(
    36003,
    2207009,
    "The aspect ratio is not supported.",
    titles={"en": "Unsupported aspect ratio", "es": "Proporción no admitida"},
    texts={
        "en": "The submitted image with aspect ratio {ratio} cannot be published. "
        "Use an image with a ratio between 4:5 and 1.91:1.",
        "es": "La imagen enviada, con una proporción de {ratio}, no se puede publicar. "
        "Usa una imagen con una proporción entre 4:5 y 1.91:1.",
    },
)
CAPTION_TOO_LONG = Refusal(
    36004,
    2207010,
    "The caption was too long.",
    titles={"en": "Caption too long", "es": "Texto demasiado largo"},
    texts={
        "en": "The caption can have at most 2,200 characters and 30 hashtags.",
        "es": "El texto puede tener como máximo 2200 caracteres y 30 hashtags.",
    },
)
TOO_MANY_MENTIONS = Refusal(
    100,
    2207040,
    "Cannot use more than 20 tags in the caption.",
    titles={"en": "Too many tags", "es": "Demasiadas etiquetas"},
    texts={
        "en": "Use at most 20 @ tags.",
        "es": "Usa como máximo 20 etiquetas @.",
    },
)
MEDIA_TYPE_UNKNOWN = Refusal(
    100,
    2207023,
    "The media type {media_type} is unknown.",
    titles={"en": "Unknown media type", "es": "Tipo de contenido desconocido"},
    texts={
        "en": "The media type {media_type} is unknown.",
        "es": "El tipo de contenido {media_type} es desconocido.",
    },
)
CAROUSEL_SIZE = Refusal(
    100,
    2207028,
    "Your post won't work as a carousel.",
    titles={"en": "Carousel size", "es": "Tamaño de la secuencia"},
    texts={
        "en": "A carousel needs at least 2 and at most 10 photos or videos.",
        "es": "Una secuencia necesita al menos 2 y como máximo 10 fotos o vídeos.",
    },
)
COLLABORATOR = Refusal(
    100,
    2207018,
    "Cannot tag the collaborators.",
    titles={"en": "Cannot tag users", "es": "No se puede etiquetar"},
    texts={"en": "Use at most 3 collaborators.", "es": "Usa como máximo 3 colaboradores."},
)

# Instagram: publishing a container

CONTAINER_UNKNOWN = Refusal(
    24,
    2207008,
    "The requested resource does not exist",
    titles={"en": "Media builder not found", "es": "No se encuentra el contenido"},
    texts={
        "en": "The media builder with creation id = {id} does not exist or has expired.",
        "es": "El contenido con creation id = {id} no existe o ha caducado.",
    },
)
MEDIA_NOT_FOUND = Refusal(
    24,
    2207006,
    "The media with ID {id} cannot be found.",
    titles={"en": "Media not found", "es": "No se encuentra el contenido"},
    texts={
        "en": "The media with {id} cannot be found. The account may have no permission to use it.",
        "es": "No se encuentra el contenido {id}. Es posible que la cuenta no tenga permiso.",
    },
)
NOT_READY = Refusal(
    9007,
    2207027,
    "Media ID is not available",
    titles={"en": "Cannot Publish", "es": "No se puede publicar"},
    texts={
        "en": "The media is not ready for publishing, please wait for a moment",
        "es": "El contenido no está listo para publicarse. Espera un momento.",
    },
)
QUOTA_REACHED = Refusal(
    9,
    2207042,
    "Application request limit reached",
    titles={"en": "Maximum number of posts reached", "es": "Número máximo de publicaciones"},
    texts={
        "en": "You reached maximum number of posts that is allowed to be published by Content Publishing "
        "API.",
        "es": "Has alcanzado el número máximo de publicaciones permitidas por la API.",
    },
)

# Pages

PHOTO_UNREADABLE = Refusal(
    100,
    1366046,
    "Invalid parameter",
    titles={"en": "Can't Read Files", "es": "No se pueden leer los archivos"},
    texts={
        "en": "Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG, PNG, "
        "GIF or TIFF files.",
        "es": "No se han podido subir las fotos. Deben ocupar menos de 4 MB y estar guardadas como JPG, "
        "PNG, GIF o TIFF.",
    },
)
FILE_NEEDED = Refusal(324, None, "(#324) Requires upload file")
FILE_INVALID = Refusal(
    324,
    2069019,
    "Missing or invalid image file",
    titles={"en": "Invalid image", "es": "Imagen no válida"},
    texts={
        "en": "Missing or invalid image file",
        "es": "El archivo de imagen falta o no es válido",
    },
)
PHOTOS_ALREADY_POSTED = Refusal(
    100,
    1366051,
    "Invalid parameter",
    titles={"en": "Already Posted", "es": "Ya publicado"},
    texts={
        "en": "These photos were already posted.",
        "es": "Estas fotos ya se han publicado.",
    },
)
SCHEDULE_TIME = Refusal(
    100,
    1363045,
    "Invalid parameter",
    titles={"en": "Invalid time", "es": "Hora no válida"},
    texts={
        "en": "The specified scheduled publish time is invalid: it must be between 10 minutes and 30 days "
        "from now.",
        "es": "La hora programada no es válida: debe estar entre 10 minutos y 30 días a partir de ahora.",
    },
)
LINK_INVALID = Refusal(1609005, None, "(#1609005) The url you supplied is invalid")
