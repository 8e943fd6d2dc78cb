// Made by `npm run generate` from the API's own description. Never edited by hand.

/** One of the accounts that the login brought. */
export type AccountChoice = {
  external_id: string;
  platform: "instagram" | "facebook";
};

/**
 * An account that can be connected, unless `hindrance` says why not or permissions are missing.
 * `channel_id`: it is connected already, and choosing it renews it.
 */
export type AccountChoiceView = {
  channel_id: number | null;
  external_id: string;
  hindrance: string | null;
  missing_permissions: Array<string>;
  name: string;
  platform: "instagram" | "facebook";
};

/** The accounts to connect. */
export type AccountChoices = {
  accounts: Array<AccountChoice>;
};

/** The channels that they are. */
export type AccountsConnected = {
  channels: Array<ChannelView>;
};

/** Keys, newest first. */
export type ApiKeyList = {
  api_keys: Array<ApiKeyView>;
};

/** A new key with its secret. */
export type ApiKeyMade = {
  api_key: ApiKeyView;
  message: string;
  /** For `Authorization: Bearer`. It is told once; null: an earlier answer told it. */
  secret: string | null;
  success: true;
};

/** A new key for one business. */
export type ApiKeyMake = {
  business_id: number;
  /** Null: it counts until it is revoked. */
  expires_at?: string | null;
  /** What it is for. */
  name: string;
  /** The most that it may: your own role in the business, or a lower one. */
  role?: "owner" | "admin" | "editor" | "viewer";
};

/** A key as it is listed: without its secret, which nobody can read any more. */
export type ApiKeyView = {
  business_id: number;
  created_at: string;
  expires_at: string | null;
  /** What its secret begins with. */
  hint: string;
  id: number;
  /** To the minute; null: never. */
  last_used_at: string | null;
  made_by: string;
  made_by_id: number;
  name: string;
  /** The most that it may. Where its maker may less by now, so may the key. */
  role: "owner" | "admin" | "editor" | "viewer";
};

/** What became of a login. `missing_permissions`: what was not allowed and is needed. */
export type AttemptView = {
  business_id: number;
  choices: Array<AccountChoiceView>;
  expires_at: string;
  id: number;
  is_practice: boolean;
  login: "facebook" | "instagram";
  missing_in_words: string | null;
  missing_permissions: Array<string>;
  /** How Meta calls whoever has logged in. */
  person: string | null;
  problem: ChannelProblemView | null;
};

export type Body_deauthorize = {
  signed_request: string;
};

export type Body_delete_data = {
  signed_request: string;
};

/** A part of a picture, 0..1 of its sides from top left. */
export type BoxView = {
  height: number;
  width: number;
  x: number;
  y: number;
};

/** Images of one business. */
export type BulkChoice = {
  business_id: number;
  image_ids: Array<number>;
};

/** What went to the trash, and what did not. */
export type BulkDeleted = {
  deleted: Array<number>;
  refused: Array<BulkRefusal>;
  success: true;
};

/** An image that was left as it is, and why. `detail` is a sentence for people. */
export type BulkRefusal = {
  code: string;
  detail: string;
  image_id: number;
  posts: Array<PostInTheWay>;
};

/** What is out of the trash, and what could not be. */
export type BulkRestored = {
  refused: Array<BulkRefusal>;
  restored: Array<number>;
  success: true;
};

/** Whose tags are other ones now, and who was refused. Images that had the tags already are in neither. */
export type BulkTagged = {
  changed: Array<number>;
  refused: Array<BulkRefusal>;
  success: true;
};

/** Tags to add to images and to take away from them, whatever their case. */
export type BulkTags = {
  add?: Array<string>;
  business_id: number;
  image_ids: Array<number>;
  remove?: Array<string>;
};

/** What can be changed of a business. */
export type BusinessChange = {
  ai_provider_fallback?: boolean | null;
  label_ai_images?: boolean | null;
  /** The most that AI images may be charged in a month. For owners. */
  monthly_ai_cap_usd?: string | null;
  name?: string | null;
  timezone?: string | null;
};

/** A new business; who makes it owns it. */
export type BusinessCreate = {
  name: string;
  timezone?: string | null;
};

/** The user's businesses. */
export type BusinessList = {
  businesses: Array<BusinessView>;
};

/** A business and the asking user's role in it. */
export type BusinessView = {
  /** Whether another AI provider may be asked when the one that was chosen is down. */
  ai_provider_fallback: boolean;
  id: number;
  /** Whether AI-made images are labelled as such where a post does not decide. */
  label_ai_images: boolean;
  /** The most that AI images may be charged in a month; null: no limit. */
  monthly_ai_cap_usd: string | null;
  name: string;
  role: "owner" | "admin" | "editor" | "viewer";
  timezone: string;
};

/** What one channel would say of a post. */
export type ChannelCheck = {
  /** Whether the platform is told that AI made an image of it. */
  ai_label: boolean;
  channel_id: number;
  is_ready: boolean;
  /** Where on the platform it appears; null when this server does not reach the channel. */
  placement: "feed" | "carousel" | "story" | "reel_cover" | "photo" | "photos" | "text" | null;
  platform: "instagram" | "facebook";
  problems: Array<CheckProblem>;
  renditions: Array<RenditionView>;
  text: CheckText;
};

/** Connect with a token. */
export type ChannelConnect = {
  access_token: string;
  business_id: number;
  external_id: string;
  login?: "facebook" | "instagram";
  name?: string | null;
  platform: "instagram" | "facebook";
};

/** The business's channels, and the logins by which more can be connected. */
export type ChannelList = {
  channels: Array<ChannelView>;
  logins: Array<LoginView>;
};

/** What stands in the way, or soon will, and what to do about it. */
export type ChannelProblemView = {
  code: string;
  detail: string;
};

/** A connected account, and how it is. `waiting_posts` only where it cannot be published to now. */
export type ChannelView = {
  /** Where the account can be looked at in a browser. */
  account_url: string;
  checked_at: string | null;
  data_access_expires_at: string | null;
  external_id: string;
  id: number;
  is_practice: boolean;
  login: "facebook" | "instagram";
  missing_permissions: Array<string>;
  name: string;
  platform: "instagram" | "facebook";
  problem: ChannelProblemView | null;
  quota: QuotaView | null;
  rules: RulesView;
  status: "connected" | "reconnect_needed" | "restricted";
  token_expires_at: string | null;
  /** Of a restricted account: from when on posts are tried on it again. */
  tried_again_at: string | null;
  waiting_posts: Array<WaitingPostView>;
};

/** What somebody found on the provider's bill. */
export type Charge = {
  /** What the provider charged; with `charged` alone. */
  cost_usd?: string | null;
  outcome: "charged" | "not_charged";
};

/** Something that stands in the way (`is_blocking`) or is worth knowing, with its cure. */
export type CheckProblem = {
  code: string;
  fix: string;
  image_id?: number | null;
  is_blocking: boolean;
  message: string;
};

/** The text as the platform counts it. */
export type CheckText = {
  characters: number;
  hashtags: number;
  mentions: number;
};

/** What the platform takes as a first comment. null: no limit. */
export type CommentRulesView = {
  max_characters: number;
  max_hashtags: number | null;
};

/** A day in the business's time zone. */
export type DayView = {
  charged_usd: string;
  day: string;
  /** That were made, or called off while they were made. */
  images: number;
  /** What of `charged_usd` is practice money. */
  practice_charged_usd: string;
  /** What of `provider_cost_usd` is practice money. */
  practice_cost_usd: string;
  /** As far as it is known. */
  provider_cost_usd: string;
  /** What may still be charged. */
  reserved_usd: string;
  /** Entries whose cost at the provider is not known. */
  unknown_count: number;
};

/** As Meta wants it: where the outcome can be seen, and under which code. */
export type DeletionAccepted = {
  confirmation_code: string;
  url: string;
};

/** The thing was done. */
export type Done = {
  message: string;
  success: true;
};

/** A line of history. */
export type EventView = {
  at: string;
  code: string;
  message: string;
};

/** What is wrong with one field; `field` is its path with dots. */
export type FieldProblem = {
  code: string;
  field: string;
  message: string;
};

/** A picture to be made from words, or an image of the library to be changed by them. */
export type Generate = {
  business_id: number;
  /** A PNG in base64 (a data URL too), at most 4 MiB and as large as the source: what is transparent in it is painted anew. */
  mask?: string | null;
  model?: string | null;
  prompt: string;
  provider?: string | null;
  quality?: "standard" | "hd";
  size?: string;
  /** The image to be changed, for models that can edit. */
  source_image_id?: number | null;
  /** `professional`, `creative`, `minimalist`, `vintage`, or a style of the business. */
  style?: string | null;
};

/** The picture and how it was made. */
export type Generated = {
  generation: GenerationView;
  image: ImageView;
  success: true;
};

/** The picture is being made; the generation tells how it goes. */
export type GenerationAccepted = {
  generation: GenerationView;
  success: true;
};

/** A page of generations, newest first. */
export type GenerationList = {
  generations: Array<GenerationView>;
  /** Those that these generations made. */
  images: Array<ImageView>;
  next_cursor: string | null;
};

/** What the form can offer; the first provider and its first model are the defaults. */
export type GenerationOptions = {
  /** USD that may still be charged this month; null: no cap. */
  cap_remaining: string | null;
  cap_usd: string | null;
  /** Of each image beyond the free ones. */
  extra_price_usd: string;
  free_per_month: number;
  free_remaining: number;
  free_resets_at: string;
  /** Of the next image. */
  next_price_usd: string;
  providers: Array<ProviderView>;
  styles: Array<string>;
  warnings: Array<WarningView>;
};

/** A request to an AI provider and what became of it. */
export type GenerationView = {
  /** What the provider bills; null: unknown, or not yet known. */
  booked_usd: string | null;
  business_id: number;
  cancel_requested_at: string | null;
  created_at: string;
  /** What the provider saw: the prompt with its style. */
  enhanced_prompt: string;
  /** Of the last trouble; while it is queued, why it waits. */
  error_code: string | null;
  error_detail: string | null;
  /** What the provider was expected to bill; null: unknown. */
  estimated_usd: string | null;
  finished_at: string | null;
  id: number;
  image_id: number | null;
  is_edit: boolean;
  /** Whether it takes one of the month's free images. */
  is_free: boolean | null;
  /** How its price stands: held, owed, given back (a free image too), or not known yet. */
  ledger_state: "reserved" | "booked" | "refunded" | "unknown" | null;
  model: string;
  /** What the business is charged when it succeeds. */
  price_usd: string | null;
  prompt: string;
  provider: string;
  quality: string;
  /** Seconds until it is tried again by itself, while it is queued for that; of one that failed, for how long its provider wants to be left alone. Null: nothing to wait for. */
  retry_after: number | null;
  /** When it is tried again by itself. */
  retry_at: string | null;
  seed: number | null;
  size: string;
  source_image_id: number | null;
  started_at: string | null;
  state: "queued" | "running" | "succeeded" | "refused" | "failed" | "cancelled" | "unknown";
  style: string | null;
  user_id: number;
};

/** The process answers. */
export type Health = {
  status: string;
};

/** Every hold that keeps something of the business back. */
export type HoldList = {
  incidents: Array<HoldView>;
};

/**
 * Why nothing is sent for now: on a channel, or on a whole platform (`channel_id` null). `until` is when
 * it is tried again; what waits goes out by itself afterwards, in order.
 */
export type HoldView = {
  began_at: string;
  channel_id: number | null;
  code: string;
  detail: string;
  id: number;
  is_practice: boolean;
  platform: "instagram" | "facebook";
  until: string;
};

/** What can be changed of an image. `filename` is the name people see. */
export type ImageChange = {
  alt_text?: string | null;
  filename?: string | null;
  tags?: Array<string> | null;
};

/**
 * What it came to that AI made an image. What the business is charged and what the provider bills are two
 * figures.
 */
export type ImageCostView = {
  /** Null: not settled. */
  charged_usd: string | null;
  /** One of the month's free images. */
  is_free: boolean;
  /** Practice money: nobody bills it. */
  is_practice: boolean;
  provider: string;
  /** What the provider bills; null: unknown. */
  provider_usd: string | null;
};

/**
 * An image, where it is used (newest post first), and at most six that look like it, the most alike
 * first.
 */
export type ImageDetail = {
  ai_model: string | null;
  ai_prompt: string | null;
  ai_style: string | null;
  alt_text: string;
  animated: boolean;
  business_id: number;
  /** Null: it was not made with AI here. */
  cost: ImageCostView | null;
  created_at: string;
  deleted_at: string | null;
  edited_from_id: number | null;
  file_size: number;
  filename: string;
  height: number;
  id: number;
  is_ai_generated: boolean;
  last_used_at: string | null;
  mime_type: string;
  original_filename: string;
  platform_readiness: Array<ReadinessView>;
  posts: Array<PostUseView>;
  preview_url: string;
  sha256: string;
  similar: Array<SimilarImageView>;
  storage_key: string;
  storage_provider: string;
  storage_url: string;
  tags: Array<string>;
  thumbhash: string;
  thumbnail_url: string;
  updated_at: string;
  usage_count: number;
  width: number;
};

/**
 * A picture that is somewhere else on the network: an https:// address of a public server, or a URL of
 * this library's own.
 */
export type ImageImport = {
  alt_text?: string;
  business_id: number;
  url: string;
};

/** One page of the library. A search counts up to 1,000; with `total_capped` there are more. */
export type ImageList = {
  images: Array<ImageView>;
  next_cursor: string | null;
  page: number;
  pages: number;
  total: number;
  total_capped: boolean;
};

/** The image that was kept, or the one that was there already (`duplicate`). */
export type ImageUploaded = {
  duplicate: boolean;
  image: ImageView;
  success: true;
};

/**
 * A picture in the library. Sizes in bytes and pixels. `preview_url` is a WebP of at most 1440 pixels on
 * its longer side, made when it is first fetched; of a moving picture it shows the first frame.
 */
export type ImageView = {
  ai_model: string | null;
  ai_prompt: string | null;
  ai_style: string | null;
  alt_text: string;
  animated: boolean;
  business_id: number;
  created_at: string;
  deleted_at: string | null;
  edited_from_id: number | null;
  file_size: number;
  filename: string;
  height: number;
  id: number;
  is_ai_generated: boolean;
  last_used_at: string | null;
  mime_type: string;
  original_filename: string;
  platform_readiness: Array<ReadinessView>;
  preview_url: string;
  sha256: string;
  storage_key: string;
  storage_provider: string;
  storage_url: string;
  tags: Array<string>;
  thumbhash: string;
  thumbnail_url: string;
  updated_at: string;
  usage_count: number;
  width: number;
};

/** How much a business keeps. All but `trashed` leave the trash out; `unused` are in no published post. */
export type LibraryTotals = {
  ai_generated: number;
  bytes: number;
  edited: number;
  images: number;
  trashed: number;
  unused: number;
  uploaded: number;
};

/** What a picture may be on this server (sides in pixels), and how many days the trash keeps it. */
export type LimitsView = {
  max_side: number;
  max_upload_bytes: number;
  min_side: number;
  trash_days: number;
};

/** E-mail and password. */
export type Login = {
  email: string;
  password: string;
};

/** Where the browser goes to log in. */
export type LoginBegun = {
  authorize_url: string;
};

/** A login of Meta's that this server has. */
export type LoginView = {
  is_practice: boolean;
  login: "facebook" | "instagram";
};

/** Who asks, their businesses, and what is practice and what is possible on this server. */
export type Me = {
  businesses: Array<BusinessView>;
  limits: LimitsView;
  practice: PracticeView;
  user: UserView;
};

/** Take in somebody who has an account. */
export type MemberAdd = {
  email: string;
  role: "owner" | "admin" | "editor" | "viewer";
};

/** A member's new role. */
export type MemberChange = {
  role: "owner" | "admin" | "editor" | "viewer";
};

/** Everybody in a business. */
export type MemberList = {
  members: Array<MemberView>;
};

/** Everything that one person asked for. */
export type MemberSumsView = {
  charged_usd: string;
  /** That were made, or called off while they were made. */
  images: number;
  name: string;
  /** What of `charged_usd` is practice money. */
  practice_charged_usd: string;
  /** What of `provider_cost_usd` is practice money. */
  practice_cost_usd: string;
  /** As far as it is known. */
  provider_cost_usd: string;
  /** What may still be charged. */
  reserved_usd: string;
  /** Entries whose cost at the provider is not known. */
  unknown_count: number;
  user_id: number;
};

/** A member. */
export type MemberView = {
  created_at: string;
  email: string;
  name: string;
  role: "owner" | "admin" | "editor" | "viewer";
  user_id: number;
};

/** Everything that one model made. */
export type ModelSumsView = {
  charged_usd: string;
  /** That were made, or called off while they were made. */
  images: number;
  model: string;
  /** What of `charged_usd` is practice money. */
  practice_charged_usd: string;
  /** What of `provider_cost_usd` is practice money. */
  practice_cost_usd: string;
  /** As far as it is known. */
  provider_cost_usd: string;
  /** What may still be charged. */
  reserved_usd: string;
  /** Entries whose cost at the provider is not known. */
  unknown_count: number;
};

/** A model and what it can do. */
export type ModelView = {
  /** Whether it changes images. */
  edits: boolean;
  id: string;
  /** Whether it changes a painted part of an image. */
  masks: boolean;
  max_prompt_length: number;
  name: string;
  prices: Array<PriceView>;
  qualities: Array<string>;
  shutdown_on: string | null;
  sizes: Array<string>;
  /** Whether previews come on the way. */
  streams: boolean;
  successor: string | null;
};

/** The password as it is, and the one to come. */
export type PasswordChange = {
  current_password: string;
  new_password: string;
};

/** The password is another one. */
export type PasswordChanged = {
  /** In how many other places the user was signed in. */
  sessions_ended: number;
};

/** Where a post can be seen on a platform. */
export type PermalinkView = {
  channel_id: number;
  channel_name: string;
  is_practice: boolean;
  permalink: string;
  platform: "instagram" | "facebook";
};

/** What one place on the platform takes. Sides in pixels, sizes in bytes; null: no limit. */
export type PlacementView = {
  /** What the platform takes; what is sent is made to fit. */
  formats: Array<string>;
  /** Whether posts can be published there from here. */
  is_offered: boolean;
  /** All images take the shape of the first one. */
  is_one_shape: boolean;
  max_alt_text: number | null;
  max_bytes: number | null;
  max_images: number;
  max_ratio: RatioView | null;
  max_user_tags: number | null;
  max_width: number | null;
  min_images: number;
  min_ratio: RatioView | null;
  min_width: number | null;
  name: "feed" | "carousel" | "story" | "reel_cover" | "photo" | "photos" | "text";
  takes_ai_label: boolean;
  takes_alt_text: boolean;
  takes_text: boolean;
  takes_user_tags: boolean;
};

/** A place in a picture, 0..1 from top left. */
export type Point = {
  x: number;
  y: number;
};

/** A place in a picture, 0..1 from top left. */
export type PointView = {
  x: number;
  y: number;
};

/** A post after it was made, changed or sent. */
export type PostAnswer = {
  post: PostView;
  success: true;
};

/** What can be changed of a draft. */
export type PostChange = {
  /** Whether AI-made images are labelled as such; null: as the business does. */
  ai_label?: boolean | null;
  channel_ids?: Array<number> | null;
  content_text?: string | null;
  /** Written under the post once it is out, where the platform takes it. */
  first_comment?: string | null;
  images?: Array<PostImageInput> | null;
  texts?: Array<PostTextInput> | null;
};

/** What every chosen channel would say of a post. */
export type PostCheck = {
  channels: Array<ChannelCheck>;
  is_ready: boolean;
};

/**
 * An image at its place in a post. Without `alt_text` the image's own is sent.
 *
 * Where a platform needs another shape, the image is cropped around `focus`, or fitted on `background`.
 */
export type PostImageInput = {
  alt_text?: string | null;
  background?: string;
  /** The middle of what must stay. */
  focus?: Point;
  framing?: "crop" | "fit";
  image_id: number;
  user_tags?: Array<UserTagInput>;
};

/** An image in a post, as a list shows it. */
export type PostImageSummary = {
  alt_text: string;
  background: string;
  focus: PointView;
  framing: "crop" | "fit";
  height: number;
  image_id: number;
  is_ai_generated: boolean;
  original_filename: string;
  thumbhash: string;
  thumbnail_url: string;
  width: number;
};

/** An image in a post. */
export type PostImageView = {
  alt_text: string;
  background: string;
  focus: PointView;
  framing: "crop" | "fit";
  height: number;
  image_id: number;
  is_ai_generated: boolean;
  original_filename: string;
  thumbhash: string;
  thumbnail_url: string;
  user_tags: Array<UserTagView>;
  width: number;
};

/** A post that needs an image, and the beginning of its text. */
export type PostInTheWay = {
  content_text: string;
  id: number;
};

/** A post for several channels. */
export type PostInput = {
  /** Whether AI-made images are labelled as such; null: as the business does. */
  ai_label?: boolean | null;
  business_id: number;
  channel_ids?: Array<number>;
  content_text?: string;
  /** Written under the post once it is out, where the platform takes it. */
  first_comment?: string | null;
  images?: Array<PostImageInput>;
  scheduled_at?: string | null;
  texts?: Array<PostTextInput>;
};

/** Posts, newest first; those that are scheduled soonest first. */
export type PostList = {
  next_cursor: string | null;
  posts: Array<PostSummary>;
};

/** When a post is to go out. */
export type PostSchedule = {
  scheduled_at: string;
};

/**
 * A post in a list. The post itself tells the rest: the texts of single channels, who is marked, the
 * first comment, and whole histories.
 */
export type PostSummary = {
  ai_label: boolean | null;
  business_id: number;
  channel_ids: Array<number>;
  content_text: string;
  created_at: string;
  id: number;
  images: Array<PostImageSummary>;
  publications: Array<PublicationView>;
  scheduled_at: string | null;
  state:
    | "draft"
    | "scheduled"
    | "publishing"
    | "published"
    | "failed"
    | "unconfirmed"
    | "cancelled";
  updated_at: string;
};

/** A text of its own for a channel; `content_text` is for all others. */
export type PostTextInput = {
  channel_id: number;
  content_text: string;
};

/** A channel's own text. */
export type PostTextView = {
  channel_id: number;
  content_text: string;
};

/** A post that uses an image, and where it is out. */
export type PostUseView = {
  content_text: string;
  id: number;
  permalinks: Array<PermalinkView>;
  scheduled_at: string | null;
  state: string;
};

/** A post. `state` sums up its publications; without any it is a draft. */
export type PostView = {
  ai_label: boolean | null;
  business_id: number;
  channel_ids: Array<number>;
  content_text: string;
  created_at: string;
  first_comment: string | null;
  id: number;
  images: Array<PostImageView>;
  publications: Array<PublicationView>;
  scheduled_at: string | null;
  state:
    | "draft"
    | "scheduled"
    | "publishing"
    | "published"
    | "failed"
    | "unconfirmed"
    | "cancelled";
  texts: Array<PostTextView>;
  updated_at: string;
};

/** Which parts of the product are practice. */
export type PracticeView = {
  images: boolean;
  meta: boolean;
};

/**
 * What one picture costs. Two different figures: `price_usd` is what the business is charged for the next
 * one, `provider_usd` what the provider is expected to bill this server; null: unknown.
 */
export type PriceView = {
  price_usd: string;
  provider_usd: string | null;
  quality: string;
  size: string;
};

/** RFC 9457 problem details. `code` is stable; `detail` is a sentence for people. */
export type Problem = {
  code: string;
  detail: string;
  errors?: Array<FieldProblem> | null;
  limit?: number | null;
  posts?: Array<Record<string, unknown>> | null;
  request_id?: string | null;
  retry_after?: number | null;
  status: number;
  title: string;
  type: string;
};

/** A provider that is set up on this server. */
export type ProviderView = {
  is_practice: boolean;
  models: Array<ModelView>;
  name: string;
};

/** Why a publication did not go out, or what is unclear about it. */
export type PublicationErrorView = {
  code: string;
  detail: string;
};

/**
 * A post on one channel. `held_until`: nothing is sent before, for a reason that the history tells.
 * `can_confirm`: a person may settle what became of it. `is_looked_up`: looks at the platform may still show
 * it, so that it is out can be said, and not yet that it is not.
 */
export type PublicationView = {
  /** Where the account can be looked at in a browser. */
  account_url: string;
  can_confirm: boolean;
  channel_id: number;
  channel_name: string;
  error: PublicationErrorView | null;
  external_id: string | null;
  held_until: string | null;
  /** Oldest first; in a list of posts only the last ten lines. */
  history: Array<EventView>;
  /** How many lines the history has. */
  history_total: number;
  id: number;
  is_looked_up: boolean;
  is_practice: boolean;
  permalink: string | null;
  platform: "instagram" | "facebook";
  published_at: string | null;
  state: "scheduled" | "publishing" | "published" | "failed" | "unconfirmed" | "cancelled";
  steps: Array<StepView>;
  updated_at: string;
};

/** One post to one platform, now or at `scheduled_at`. */
export type PublishInput = {
  /** Whether AI-made images are labelled as such; null: as the business does. */
  ai_label?: boolean | null;
  business_id: number;
  channel_id?: number | null;
  content_images?: Array<string>;
  content_text?: string;
  /** Written under the post once it is out, where the platform takes it. */
  first_comment?: string | null;
  image_ids?: Array<number>;
  scheduled_at?: string | null;
};

/** How many posts the platform takes from the account in 24 hours, and how many it has had. */
export type QuotaView = {
  total: number;
  used: number;
};

/** Width to height, in whole numbers. */
export type RatioView = {
  height: number;
  width: number;
};

/** Each part that the product needs, and that it works. */
export type Readiness = {
  database: string;
  queue: string;
  status: string;
  storage: string;
};

/** What a platform would make of an image. `note` is a sentence; `width` × `height` is what is sent. */
export type ReadinessView = {
  height: number;
  is_cropped: boolean;
  is_ready: boolean;
  note: string;
  platform: "instagram" | "facebook";
  width: number;
};

/** A new user, and the business they start with. */
export type Register = {
  business_name?: string | null;
  email: string;
  name: string;
  password: string;
  timezone?: string | null;
};

/** The very file that would be sent for the image at this position. Size in bytes, sides in pixels. */
export type RenditionView = {
  /** The alt text that goes out with it. */
  alt_text: string;
  /** What stays of the image; null: all of it. */
  crop: BoxView | null;
  file_size: number;
  height: number;
  image_id: number;
  is_cropped: boolean;
  /** The whole image lies on a background. */
  is_fitted: boolean;
  mime_type: string;
  position: number;
  recipe: string;
  sha256: string;
  url: string;
  width: number;
};

/** The platform's limits. None: no limit. */
export type RulesView = {
  /** null: there is none. */
  first_comment: CommentRulesView | null;
  max_alt_text: number;
  max_characters: number;
  max_hashtags: number | null;
  max_images: number;
  max_mentions: number | null;
  min_images: number;
  placements: Array<PlacementView>;
};

/** What a person has seen on the platform of a publication whose outcome is unclear. */
export type Settlement = {
  outcome: "published" | "not_published";
  permalink?: string | null;
};

/** A fresh session. The same token is set as a cookie for browsers. */
export type SignedIn = {
  access_token: string;
  businesses: Array<BusinessView>;
  limits: LimitsView;
  practice: PracticeView;
  token_type: "bearer";
  user: UserView;
};

/** An image that looks like another one. */
export type SimilarImageView = {
  height: number;
  id: number;
  original_filename: string;
  thumbnail_url: string;
  width: number;
};

/** One step on the way out: `at` since when it stands so, `detail` in a few words where there is more. */
export type StepView = {
  at: string | null;
  detail: string | null;
  name: "rendition" | "upload" | "check" | "publish" | "link" | "comment";
  state: "done" | "running" | "waiting" | "failed";
};

/** One check. `title` says what works when it is ok; `detail` what was seen, and `fix` what to change. */
export type StorageCheckView = {
  detail: string;
  fix: string;
  name: string;
  state: "ok" | "warning" | "failed" | "skipped";
  title: string;
};

/** Something to paste into the store's own settings. */
export type StorageDocumentView = {
  content: string;
  title: string;
};

/** What the storage can do. It `is_ok` when nothing failed; warnings leave it so. */
export type StorageReport = {
  checks: Array<StorageCheckView>;
  documents: Array<StorageDocumentView>;
  is_ok: boolean;
  provider: string;
};

/** A style of the business's own, or its own words for a built-in one. */
export type StyleChange = {
  label: string;
  name: string;
  words: string;
};

/** The styles of a business, the built-in ones first. */
export type StyleList = {
  styles: Array<StyleView>;
};

/** A style; its words are added to the prompt. */
export type StyleView = {
  is_built_in: boolean;
  /** A built-in style in the business's own words. */
  is_changed: boolean;
  label: string;
  name: string;
  words: string;
};

/** Everything that the business says itself. */
export type StylesChange = {
  styles: Array<StyleChange>;
};

/** A tag as one of its images writes it, and how many images carry it. */
export type TagCountView = {
  count: number;
  tag: string;
};

/** The tags of a business, the most used first, then by name. */
export type TagList = {
  tags: Array<TagCountView>;
};

/** What belongs to the picture besides its bytes. */
export type UploadCompletion = {
  alt_text?: string;
};

/**
 * What can be uploaded. Sides in pixels; `direct` says how the store itself takes files from browsers,
 * or null where it does not; `storage_provider` is where new images are kept.
 */
export type UploadOptions = {
  direct: "post" | "put" | null;
  max_bytes: number;
  max_side: number;
  mime_types: Array<string>;
  min_side: number;
  storage_provider: string;
};

/**
 * Where and how to send the file, before `expires_at`: as a form with `fields` and then the file in the
 * field named `file` (`post`), or bare with these `headers` (`put`).
 */
export type UploadPlace = {
  expires_at: string;
  fields: Record<string, string>;
  headers: Record<string, string>;
  id: string;
  method: "post" | "put";
  url: string;
};

/** A place for one file. */
export type UploadPromised = {
  success: true;
  upload: UploadPlace;
};

/** A file that a browser wants to send to the store. What it says is checked later, by the bytes. */
export type UploadWanted = {
  business_id: number;
  filename: string;
  mime_type: string;
  size: number;
};

/** What one generation costs. */
export type UsageEntryView = {
  /** What the provider bills; null: unknown, or not yet known. */
  booked_usd: string | null;
  /** Settled by a person who looked at the provider's bill. */
  by_hand: boolean;
  /** What the business is charged; null: not settled. */
  charged_usd: string | null;
  created_at: string;
  day: string;
  /** What the provider was expected to bill; null: unknown. */
  estimated_usd: string | null;
  /** One of the month's free images. */
  free: boolean;
  generation_id: number;
  id: number;
  /** Practice money: nobody bills it. */
  is_practice: boolean;
  member: string;
  model: string;
  /** What became of the generation. */
  outcome: "queued" | "running" | "succeeded" | "refused" | "failed" | "cancelled" | "unknown";
  /** What the business is charged once it is booked. */
  price_usd: string;
  prompt: string;
  provider: string;
  quality: string;
  refunded: boolean;
  settled_at: string | null;
  size: string;
  state: "reserved" | "booked" | "refunded" | "unknown";
  user_id: number;
};

/** A month of a business. The sums are of the whole month; `entries` is a page of it, newest first. */
export type UsageView = {
  by_day: Array<DayView>;
  by_member: Array<MemberSumsView>;
  by_model: Array<ModelSumsView>;
  charged_usd: string;
  entries: Array<UsageEntryView>;
  free_per_month: number;
  free_used: number;
  /** That were made, or called off while they were made. */
  images: number;
  month: string;
  next_cursor: string | null;
  /** What of `charged_usd` is practice money. */
  practice_charged_usd: string;
  /** What of `provider_cost_usd` is practice money. */
  practice_cost_usd: string;
  /** As far as it is known. */
  provider_cost_usd: string;
  /** What may still be charged. */
  reserved_usd: string;
  timezone: string;
  /** Entries whose cost at the provider is not known. */
  unknown_count: number;
};

/** What can be changed of a user. */
export type UserChange = {
  name: string;
};

/** Somebody who is shown in the picture, by the name of their account. */
export type UserTagInput = {
  username: string;
  x: number;
  y: number;
};

/** Somebody who is shown in a picture. */
export type UserTagView = {
  username: string;
  x: number;
  y: number;
};

/** A user as they see themselves. */
export type UserView = {
  email: string;
  id: number;
  name: string;
};

/** A post that is still to go out on a channel; its text is cut. */
export type WaitingPostView = {
  content_text: string;
  id: number;
};

/**
 * Something that whoever makes pictures here should know. `code` is stable: `model_ending`,
 * `model_retired`, `provider_account_trouble`.
 */
export type WarningView = {
  code: string;
  detail: string;
  model: string | null;
  provider: string;
};
