// Made by `npm run generate` from the API's own description. Never edited by hand.

/** What can be changed of a business. */
export type BusinessChange = {
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
  id: number;
  name: string;
  timezone: string;
  role: "owner" | "admin" | "editor" | "viewer";
};

/** What one channel would say of a post. */
export type ChannelCheck = {
  channel_id: number;
  platform: "instagram" | "facebook";
  is_ready: boolean;
  problems: Array<CheckProblem>;
  renditions: Array<RenditionView>;
  text: CheckText;
};

/** Connect with a token. */
export type ChannelConnect = {
  business_id: number;
  platform: "instagram" | "facebook";
  external_id: string;
  access_token: string;
  name?: string | null;
  login?: "facebook" | "instagram";
};

/** The business's channels. */
export type ChannelList = {
  channels: Array<ChannelView>;
};

/** A connected account. */
export type ChannelView = {
  id: number;
  platform: "instagram" | "facebook";
  name: string;
  external_id: string;
  status: "connected" | "reconnect_needed" | "restricted";
  is_practice: boolean;
  rules: RulesView;
};

/** Something that stands in the way (`is_blocking`) or is worth knowing, with its cure. */
export type CheckProblem = {
  code: string;
  message: string;
  fix: string;
  is_blocking: boolean;
  image_id: number | null;
};

/** The text as the platform counts it. */
export type CheckText = {
  characters: number;
  hashtags: number;
  mentions: number;
};

/** The thing was done. */
export type Done = {
  success: true;
  message: string;
};

/** A line of history. */
export type EventView = {
  at: string;
  code: string;
  message: string;
};

/** What is wrong with one field; `field` is its path with dots. */
export type FieldProblem = {
  field: string;
  code: string;
  message: string;
};

/** A picture to be made from words. */
export type Generate = {
  business_id: number;
  prompt: string;
  size?: string;
  quality?: "standard" | "hd";
  style?: "professional" | "creative" | "minimalist" | "vintage" | null;
  provider?: string | null;
  model?: string | null;
};

/** The picture and how it was made. */
export type Generated = {
  success: true;
  image: ImageView;
  generation: GenerationView;
};

/** What the form can offer; the first provider and its first model are the defaults. */
export type GenerationOptions = {
  providers: Array<ProviderView>;
  styles: Array<"professional" | "creative" | "minimalist" | "vintage">;
};

/** A request to an AI provider and what became of it. */
export type GenerationView = {
  id: number;
  business_id: number;
  prompt: string;
  provider: string;
  model: string;
  size: string;
  quality: string;
  style: string | null;
  state: "queued" | "running" | "succeeded" | "refused" | "failed" | "cancelled" | "unknown";
  image_id: number | null;
  error_code: string | null;
  error_detail: string | null;
  created_at: string;
  finished_at: string | null;
};

/** What can be changed of an image. `filename` is the name people see. */
export type ImageChange = {
  filename?: string | null;
  alt_text?: string | null;
  tags?: Array<string> | null;
};

/** An image and where it is used, newest post first. */
export type ImageDetail = {
  id: number;
  business_id: number;
  filename: string;
  original_filename: string;
  file_size: number;
  mime_type: string;
  width: number;
  height: number;
  storage_provider: string;
  storage_url: string;
  storage_key: string;
  is_ai_generated: boolean;
  ai_prompt: string | null;
  ai_model: string | null;
  ai_style: string | null;
  usage_count: number;
  last_used_at: string | null;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  alt_text: string;
  tags: Array<string>;
  thumbnail_url: string;
  thumbhash: string;
  sha256: string;
  animated: boolean;
  platform_readiness: Array<ReadinessView>;
  posts: Array<PostUseView>;
};

/** One page of the library. */
export type ImageList = {
  images: Array<ImageView>;
  total: number;
  page: number;
  pages: number;
  next_cursor: string | null;
};

/** The image that was kept, or the one that was there already (`duplicate`). */
export type ImageUploaded = {
  success: true;
  image: ImageView;
  duplicate: boolean;
};

/** A picture in the library. Sizes in bytes and pixels. */
export type ImageView = {
  id: number;
  business_id: number;
  filename: string;
  original_filename: string;
  file_size: number;
  mime_type: string;
  width: number;
  height: number;
  storage_provider: string;
  storage_url: string;
  storage_key: string;
  is_ai_generated: boolean;
  ai_prompt: string | null;
  ai_model: string | null;
  ai_style: string | null;
  usage_count: number;
  last_used_at: string | null;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  alt_text: string;
  tags: Array<string>;
  thumbnail_url: string;
  thumbhash: string;
  sha256: string;
  animated: boolean;
  platform_readiness: Array<ReadinessView>;
};

/** How much a business keeps. */
export type LibraryTotals = {
  images: number;
  bytes: number;
};

/** E-mail and password. */
export type Login = {
  email: string;
  password: string;
};

/** Who asks, their businesses, and what is practice on this server. */
export type Me = {
  user: UserView;
  businesses: Array<BusinessView>;
  practice: PracticeView;
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

/** A member. */
export type MemberView = {
  user_id: number;
  email: string;
  name: string;
  role: "owner" | "admin" | "editor" | "viewer";
  created_at: string;
};

/** A model and what it can do. */
export type ModelView = {
  id: string;
  name: string;
  sizes: Array<string>;
  qualities: Array<string>;
  max_prompt_length: number;
};

/** A post after it was made, changed or sent. */
export type PostAnswer = {
  success: true;
  post: PostView;
};

/** What can be changed of a draft. */
export type PostChange = {
  content_text?: string | null;
  images?: Array<PostImageInput> | null;
  channel_ids?: Array<number> | null;
};

/** What every chosen channel would say of a post. */
export type PostCheck = {
  is_ready: boolean;
  channels: Array<ChannelCheck>;
};

/** An image at its place in a post. Without `alt_text` the image's own is sent. */
export type PostImageInput = {
  image_id: number;
  alt_text?: string | null;
};

/** An image in a post. */
export type PostImageView = {
  image_id: number;
  alt_text: string;
  thumbnail_url: string;
  thumbhash: string;
  width: number;
  height: number;
  original_filename: string;
  is_ai_generated: boolean;
};

/** A post for several channels. */
export type PostInput = {
  business_id: number;
  content_text?: string;
  images?: Array<PostImageInput>;
  channel_ids?: Array<number>;
  scheduled_at?: string | null;
};

/** Posts, newest first. */
export type PostList = {
  posts: Array<PostView>;
  next_cursor: string | null;
};

/** A post that uses an image. */
export type PostUseView = {
  id: number;
  content_text: string;
  state: string;
  scheduled_at: string | null;
};

/** A post. `state` sums up its publications; without any it is a draft. */
export type PostView = {
  id: number;
  business_id: number;
  content_text: string;
  images: Array<PostImageView>;
  channel_ids: Array<number>;
  state:
    | "draft"
    | "scheduled"
    | "publishing"
    | "published"
    | "failed"
    | "unconfirmed"
    | "cancelled";
  scheduled_at: string | null;
  created_at: string;
  updated_at: string;
  publications: Array<PublicationView>;
};

/** Which parts of the product are practice. */
export type PracticeView = {
  meta: boolean;
  images: boolean;
};

/** RFC 9457 problem details. `code` is stable; `detail` is a sentence for people. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: Array<FieldProblem> | null;
  retry_after: number | null;
  limit: number | null;
  posts: Array<Record<string, unknown>> | null;
  request_id: string | null;
};

/** A provider that is set up on this server. */
export type ProviderView = {
  name: string;
  is_practice: boolean;
  models: Array<ModelView>;
};

/** Why a publication did not go out, or what is unclear about it. */
export type PublicationErrorView = {
  code: string;
  detail: string;
};

/** A post on one channel. */
export type PublicationView = {
  id: number;
  channel_id: number;
  platform: "instagram" | "facebook";
  channel_name: string;
  is_practice: boolean;
  state: "scheduled" | "publishing" | "published" | "failed" | "unconfirmed" | "cancelled";
  permalink: string | null;
  external_id: string | null;
  error: PublicationErrorView | null;
  published_at: string | null;
  updated_at: string;
  history: Array<EventView>;
};

/** One post to one platform, now or at `scheduled_at`. */
export type PublishInput = {
  business_id: number;
  content_text?: string;
  content_images?: Array<string>;
  image_ids?: Array<number>;
  channel_id?: number | null;
  scheduled_at?: string | null;
};

/** What a platform would make of an image. `note` is a sentence; `width` × `height` is what is sent. */
export type ReadinessView = {
  platform: "instagram" | "facebook";
  is_ready: boolean;
  is_cropped: boolean;
  width: number;
  height: number;
  note: string;
};

/** A new user, and the business they start with. */
export type Register = {
  email: string;
  password: string;
  name: string;
  business_name?: string | null;
  timezone?: string | null;
};

/** The very file that would be sent. Size in bytes, sides in pixels. */
export type RenditionView = {
  image_id: number;
  recipe: string;
  url: string;
  mime_type: string;
  width: number;
  height: number;
  file_size: number;
  sha256: string;
  is_cropped: boolean;
};

/** The platform's limits. None: no limit. */
export type RulesView = {
  min_images: number;
  max_images: number;
  max_characters: number;
  max_hashtags: number | null;
  max_mentions: number | null;
  max_alt_text: number;
};

/** A fresh session. The same token is set as a cookie for browsers. */
export type SignedIn = {
  user: UserView;
  businesses: Array<BusinessView>;
  practice: PracticeView;
  access_token: string;
  token_type: "bearer";
};

/** A user as they see themselves. */
export type UserView = {
  id: number;
  email: string;
  name: string;
};
