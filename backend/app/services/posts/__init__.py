"""Posts: written, checked against each platform's rules, listed, changed while they are drafts."""

from app.services.posts.checking import ChannelVerdict, check_post, judge, judge_all
from app.services.posts.drafts import (
    MAX_AHEAD,
    change_post,
    check_moment,
    create_post,
    delete_post,
    find_earlier,
    get_post,
    hold_post,
    list_posts,
)
from app.services.posts.layouts import FramedRendition, Layout, lay_out, make_files
from app.services.posts.leftovers import Leftovers
from app.services.posts.parts import KEPT, Kept, PictureInput
from app.services.posts.problems import (
    CHANNEL_NOT_CONNECTED,
    LABELS,
    Problem,
    channel_problem,
    early_problems,
    rule_problems,
    trouble_of,
)
from app.services.posts.stories import (
    Outgoing,
    PictureInPost,
    PostStory,
    PublicationStory,
    UserTag,
    tell,
)

__all__ = [
    "CHANNEL_NOT_CONNECTED",
    "KEPT",
    "LABELS",
    "MAX_AHEAD",
    "ChannelVerdict",
    "FramedRendition",
    "Kept",
    "Layout",
    "Leftovers",
    "Outgoing",
    "PictureInPost",
    "PictureInput",
    "PostStory",
    "Problem",
    "PublicationStory",
    "UserTag",
    "change_post",
    "channel_problem",
    "check_moment",
    "check_post",
    "create_post",
    "delete_post",
    "early_problems",
    "find_earlier",
    "get_post",
    "hold_post",
    "judge",
    "judge_all",
    "lay_out",
    "list_posts",
    "make_files",
    "rule_problems",
    "tell",
    "trouble_of",
]
