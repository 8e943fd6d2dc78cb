"""Posts and publications over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from starlette.responses import Response

from app.api.channels import account_url
from app.api.deps import (
    PathId,
    Product,
    ProductDep,
    QueryId,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
    limit_post_checks,
    limit_publications,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.imaging.framing import Framing
from app.models.posts import Place, Post
from app.schemas.base import Done, View, WrittenMoment
from app.schemas.posts import (
    BoxView,
    ChannelCheck,
    CheckProblem,
    CheckText,
    EventView,
    HoldList,
    HoldView,
    PointView,
    PostAnswer,
    PostChange,
    PostCheck,
    PostImageInput,
    PostInput,
    PostList,
    PostSchedule,
    PostStateName,
    PostSummary,
    PostTextInput,
    PostTextView,
    PostView,
    PublicationErrorView,
    PublicationView,
    RenditionView,
    Settlement,
    StepView,
    UserTagView,
)
from app.services import posts, publishing
from app.services.access import Session
from app.services.posts import (
    KEPT,
    ChannelVerdict,
    FramedRendition,
    PictureInPost,
    PictureInput,
    PostStory,
    PublicationStory,
    UserTag,
)

router = api_router("posts")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRAMINGS: dict[bool, Literal["crop", "fit"]] = {False: "crop", True: "fit"}


def post_view(product: Product, story: PostStory) -> PostView:
    """A post as the wire shows it, with its images and the state of each publication."""
    told = _summary(product, story)
    for image, picture in zip(told["images"], story.pictures, strict=True):
        image["user_tags"] = [UserTagView.model_validate(tag) for tag in picture.user_tags]
    texts = [
        PostTextView(channel_id=channel_id, content_text=text) for channel_id, text in story.texts.items()
    ]
    return PostView.model_validate(told | {"texts": texts, "first_comment": story.post.first_comment})


def _summary(product: Product, story: PostStory) -> dict[str, Any]:
    post = story.post
    return {
        "id": post.id,
        "business_id": post.business_id,
        "content_text": post.content_text,
        "images": [_image(product, picture) for picture in story.pictures],
        "channel_ids": list(story.channel_ids),
        "ai_label": post.ai_label,
        "state": story.state,
        "scheduled_at": post.scheduled_at,
        "created_at": post.created_at,
        "updated_at": post.updated_at,
        "publications": [_publication_view(product, story, part) for part in story.publications],
    }


def _image(product: Product, picture: PictureInPost) -> dict[str, Any]:
    image, framing = picture.image, picture.framing
    return {
        "image_id": image.id,
        "alt_text": picture.alt_text,
        "thumbnail_url": product.media_urls.url(
            image_id=image.id, name="thumb", provider=image.storage_provider, key=image.thumbnail_key
        ),
        "thumbhash": image.thumbhash,
        "width": image.width,
        "height": image.height,
        "original_filename": image.original_filename,
        "is_ai_generated": image.is_ai_generated,
        "framing": _FRAMINGS[framing.is_fitted],
        "focus": PointView(x=framing.focus[0], y=framing.focus[1]),
        "background": framing.background,
    }


def _publication_view(product: Product, post: PostStory, story: PublicationStory) -> PublicationView:
    row = story.publication
    trouble = posts.trouble_of(story)
    error = None if trouble is None else PublicationErrorView(code=trouble[0], detail=trouble[1])
    return PublicationView.model_validate(
        {
            "id": row.id,
            "channel_id": row.channel_id,
            "platform": story.channel.platform,
            "channel_name": story.channel.name,
            "is_practice": story.channel.is_practice,
            "account_url": account_url(product, story.channel),
            "state": row.state,
            "permalink": row.permalink,
            "external_id": row.external_id,
            "error": error,
            "published_at": row.published_at,
            "updated_at": row.updated_at,
            "history_total": story.event_count,
            "history": [EventView.model_validate(event) for event in story.events],
            "steps": [StepView.model_validate(stage) for stage in publishing.stages(post, story)],
            "held_until": publishing.held_until(story),
            "can_confirm": row.state == "unconfirmed",
            "is_looked_up": publishing.is_looked_up(row),
        }
    )


async def answer_with(product: Product, session: Session, post: Post) -> PostAnswer:
    """The post as it stands now."""
    (story,) = await posts.tell(session, [post])
    return PostAnswer(post=post_view(product, story))


async def answer_afresh(product: Product, user_id: int, post_id: int) -> PostAnswer:
    """The post as it stands after work that had transactions of its own."""
    async with product.database.reading() as session:
        post = await posts.get_post(session, user_id=user_id, post_id=post_id)
        return await answer_with(product, session, post)


def _pictures(given: Sequence[PostImageInput]) -> list[PictureInput]:
    return [
        PictureInput(
            picture.image_id,
            picture.alt_text,
            Framing(picture.framing, (picture.focus.x, picture.focus.y), picture.background),
            tuple(UserTag(tag.username, tag.x, tag.y) for tag in picture.user_tags),
        )
        for picture in given
    ]


def _texts(given: Sequence[PostTextInput]) -> dict[int, str]:
    return {text.channel_id: text.content_text for text in given}


@router.post(
    "/posts",
    response_model=PostAnswer,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    summary="Write a post, as a draft or for a later time",
)
async def create_post(request: Request, product: ProductDep, user_id: UserId, body: PostInput) -> Response:
    """Without `scheduled_at` it is a draft and may break any rule; with it, it is checked and scheduled."""

    async def create(key: str | None) -> tuple[int, View]:
        async with product.database.writing() as session:
            post = await posts.create_post(
                session,
                user_id=user_id,
                business_id=body.business_id,
                content_text=body.content_text,
                pictures=_pictures(body.images),
                channel_ids=body.channel_ids,
                texts=_texts(body.texts),
                ai_label=body.ai_label,
                first_comment=body.first_comment,
                scheduled_at=body.scheduled_at,
                request_key=key,
            )
        if body.scheduled_at:
            await product.publishing.schedule_new(
                user_id=user_id, post_id=post.id, scheduled_at=body.scheduled_at
            )
        return 201, await answer_afresh(product, user_id, post.id)

    admit = member_of(product, user_id, body.business_id)
    return await idempotently(request, product, user_id, await body_fingerprint(request), create, admit=admit)


@router.post(
    "/posts/check",
    summary="What each channel would say, and the files that would be sent",
    dependencies=[Depends(limit_post_checks)],
)
async def check_post(product: ProductDep, user_id: UserId, body: PostInput) -> PostCheck:
    """Every problem with its cure. The renditions are made now and are the very bytes that go out."""
    verdicts = await posts.check_post(
        product.database,
        product.library,
        product.channels,
        user_id=user_id,
        business_id=body.business_id,
        content_text=body.content_text,
        pictures=_pictures(body.images),
        channel_ids=body.channel_ids,
        texts=_texts(body.texts),
        ai_label=body.ai_label,
        first_comment=body.first_comment,
    )
    await product.publishing.preflight.complete(
        verdicts, [picture.image_id for picture in body.images], at=body.scheduled_at
    )
    return PostCheck(
        is_ready=bool(verdicts) and all(verdict.is_ready for verdict in verdicts),
        channels=[_channel_check(product, verdict) for verdict in verdicts],
    )


def _channel_check(product: Product, verdict: ChannelVerdict) -> ChannelCheck:
    return ChannelCheck.model_validate(
        {
            "channel_id": verdict.channel.id,
            "platform": verdict.channel.platform,
            "placement": verdict.placement and verdict.placement.name,
            "ai_label": verdict.is_ai_labelled,
            "is_ready": verdict.is_ready,
            "problems": [CheckProblem.model_validate(problem) for problem in verdict.problems],
            "renditions": [_rendition_view(product, made) for made in verdict.renditions],
            "text": CheckText.model_validate(verdict.text),
        }
    )


def _rendition_view(product: Product, made: FramedRendition) -> RenditionView:
    file, layout = made.file, made.layout
    return RenditionView(
        position=layout.position,
        image_id=file.image_id,
        recipe=file.recipe,
        url=product.media_urls.url(
            image_id=file.image_id, name=file.recipe, provider=file.storage_provider, key=file.storage_key
        ),
        mime_type=file.mime_type,
        width=file.width,
        height=file.height,
        file_size=file.file_size,
        sha256=file.sha256,
        is_cropped=layout.crop is not None,
        crop=BoxView(**dict(zip(("x", "y", "width", "height"), layout.crop, strict=True)))
        if layout.crop
        else None,
        is_fitted=layout.is_fitted,
        alt_text=layout.picture.alt_text,
    )


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    post_id, _, due_at = cursor.partition("-")
    return Place(int(post_id), _EPOCH + timedelta(microseconds=int(due_at)) if due_at else None)


def _cursor(place: Place | None) -> str | None:
    if place is None or place.due_at is None:
        return None if place is None else str(place.post_id)
    return f"{place.post_id}-{(place.due_at - _EPOCH) // timedelta(microseconds=1)}"


@router.get("/posts", summary="Posts, newest first; those that are scheduled soonest first")
async def list_posts(
    product: ProductDep,
    session: ReadSession,
    user_id: UserId,
    business_id: QueryId,
    state: PostStateName | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}(-[0-9]{1,17})?$")] = None,
    since: Annotated[WrittenMoment | None, Query(alias="from")] = None,
    until: Annotated[WrittenMoment | None, Query(alias="to")] = None,
) -> PostList:
    """`state` keeps the posts of which at least one publication is in it; `draft`: those with none. With
    `scheduled` they come in the order in which they go out. A page of long posts may hold fewer than `limit`:
    the list ends where `next_cursor` is null. `from` and `to` (excluded) bound when a post goes out or went
    out; of a draft, when it was written."""
    found, last = await posts.list_posts(
        session,
        user_id=user_id,
        business_id=business_id,
        state=state,
        limit=limit,
        after=_place(cursor),
        since=since,
        until=until,
    )
    stories = await posts.tell(session, found, is_brief=True)
    return PostList(
        posts=[PostSummary.model_validate(_summary(product, story)) for story in stories],
        next_cursor=_cursor(last),
    )


@router.get("/posts/{post_id}", summary="A post and how its publications stand")
async def get_post(product: ProductDep, session: ReadSession, user_id: UserId, post_id: PathId) -> PostView:
    """With the history of each publication."""
    post = await posts.get_post(session, user_id=user_id, post_id=post_id)
    (story,) = await posts.tell(session, [post])
    return post_view(product, story)


@router.patch("/posts/{post_id}", summary="Change a draft")
async def change_post(
    product: ProductDep, session: WriteSession, user_id: UserId, post_id: PathId, change: PostChange
) -> PostAnswer:
    """Only what is sent is changed; null for `ai_label` and `first_comment` takes them back."""
    post = await posts.change_post(
        session,
        user_id=user_id,
        post_id=post_id,
        content_text=change.content_text,
        pictures=None if change.images is None else _pictures(change.images),
        channel_ids=change.channel_ids,
        texts=None if change.texts is None else _texts(change.texts),
        ai_label=change.ai_label if "ai_label" in change.model_fields_set else KEPT,
        first_comment=change.first_comment if "first_comment" in change.model_fields_set else KEPT,
    )
    return await answer_with(product, session, post)


@router.delete("/posts/{post_id}", summary="Take a post off the list")
async def delete_post(session: WriteSession, user_id: UserId, post_id: PathId) -> Done:
    """What is scheduled is cancelled. What is out stays out on the platform."""
    await posts.delete_post(session, user_id=user_id, post_id=post_id)
    return Done(message="Post deleted")


@router.post(
    "/posts/{post_id}/publish",
    response_model=PostAnswer,
    status_code=202,
    openapi_extra=IDEMPOTENT,
    summary="Publish now",
)
async def publish_post(request: Request, product: ProductDep, user_id: UserId, post_id: PathId) -> Response:
    """Answers at once; look at the post until no publication is `publishing`. Sending it twice changes
    nothing."""

    async def publish(_: str | None) -> tuple[int, View]:
        await product.publishing.publish(user_id=user_id, post_id=post_id)
        return 202, await answer_afresh(product, user_id, post_id)

    async def admit() -> None:
        async with product.database.reading() as session:
            await posts.get_post(session, user_id=user_id, post_id=post_id)

    return await idempotently(request, product, user_id, f"publish:{post_id}", publish, admit=admit)


@router.post("/posts/{post_id}/schedule", summary="Schedule a draft, or a scheduled post for another time")
async def schedule_post(
    product: ProductDep, user_id: UserId, post_id: PathId, body: PostSchedule
) -> PostAnswer:
    """Checked now against every rule that can be checked ahead of time."""
    await product.publishing.schedule(user_id=user_id, post_id=post_id, scheduled_at=body.scheduled_at)
    return await answer_afresh(product, user_id, post_id)


@router.post("/posts/{post_id}/unschedule", summary="Make a scheduled post a draft again")
async def unschedule_post(product: ProductDep, user_id: UserId, post_id: PathId) -> PostAnswer:
    """Possible until it begins to go out."""
    await product.publishing.unschedule(user_id=user_id, post_id=post_id)
    return await answer_afresh(product, user_id, post_id)


@router.post(
    "/publications/{publication_id}/retry",
    summary="Send a failed publication again",
    dependencies=[Depends(limit_publications)],
)
async def retry_publication(product: ProductDep, user_id: UserId, publication_id: PathId) -> PostAnswer:
    """Only a failed one. What is known not to have gone out is sent; where only a person has said so, the
    platform is looked at first, and what turns out to be there is `published` and not sent."""
    post = await product.publishing.retry(user_id=user_id, publication_id=publication_id)
    return await answer_afresh(product, user_id, post.id)


@router.post(
    "/publications/{publication_id}/confirm",
    summary="Settle whether it went out",
    dependencies=[Depends(limit_publications)],
)
async def confirm_publication(
    product: ProductDep, user_id: UserId, publication_id: PathId, body: Settlement | None = None
) -> PostAnswer:
    """For an unconfirmed one. Without a body the platform is asked once more, and nothing is sent. With one,
    a person says what is to be seen there: `published` ends it, `not_published` makes it one that failed and
    can be sent again, once the looks that come by themselves have ended (409 `still_looking` until then)."""
    if body is None:
        post = await product.settling.confirm(user_id=user_id, publication_id=publication_id)
    else:
        post = await product.settling.settle(
            user_id=user_id,
            publication_id=publication_id,
            is_published=body.outcome == "published",
            permalink=body.permalink,
        )
    return await answer_afresh(product, user_id, post.id)


@router.get("/publications/incidents", summary="What keeps posts from going out now")
async def list_incidents(session: ReadSession, user_id: UserId, business_id: QueryId) -> HoldList:
    """Pauses that a platform asks of an account, and trouble of a platform with several accounts."""
    found = await publishing.list_holds(session, user_id=user_id, business_id=business_id)
    return HoldList(incidents=[HoldView.model_validate(hold) for hold in found])
