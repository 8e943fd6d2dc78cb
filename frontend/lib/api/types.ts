/** The words of the house, tied to the types made from the API's description. */
export type {
  AccountChoiceView as AccountChoice,
  ApiKeyList,
  ApiKeyMade,
  ApiKeyMake,
  ApiKeyView as ApiKey,
  AttemptView as LoginAttempt,
  BulkDeleted,
  BulkRefusal,
  BulkRestored,
  BulkTagged,
  BusinessChange,
  BusinessCreate,
  BusinessView as Business,
  ChannelCheck,
  ChannelConnect,
  ChannelView as Channel,
  Charge,
  CheckProblem,
  EventView as HistoryEvent,
  Generate as GenerationInput,
  GenerationAccepted,
  GenerationList,
  GenerationOptions,
  GenerationView as Generation,
  HoldView as Hold,
  ImageChange,
  ImageDetail,
  ImageList,
  ImageUploaded,
  ImageView as Image,
  LibraryTotals,
  LimitsView as Limits,
  Login as SignIn,
  LoginView as MetaLogin,
  Me as Session,
  MemberAdd,
  MemberView as Member,
  ModelView as ImageModel,
  PasswordChange,
  PasswordChanged,
  PlacementView as Placement,
  PostAnswer,
  PostChange,
  PostCheck,
  PostImageInput,
  PostImageView as PostImage,
  PostInput,
  PostList,
  PostSummary,
  PostUseView as PostUse,
  PostView as Post,
  ProviderView as ImageProvider,
  PublicationView as Publication,
  ReadinessView as PlatformReadiness,
  Register as SignUp,
  RenditionView as Rendition,
  Settlement,
  SignedIn,
  SimilarImageView as SimilarImage,
  StepView as PublicationStep,
  StorageReport,
  StyleChange,
  StyleList,
  StyleView as Style,
  TagCountView as TagCount,
  TagList,
  UploadOptions,
  UploadPlace,
  UsageEntryView as UsageEntry,
  UsageView as Usage,
  UserTagView as UserTag,
  UserView as User,
  WarningView as ModelWarning,
} from "./types.gen";

import type {
  BusinessView,
  ChannelView,
  GenerationView,
  ImageView,
  PostView,
  PublicationView,
  UsageEntryView,
  UsageView,
} from "./types.gen";

export type Role = BusinessView["role"];
export type Platform = ChannelView["platform"];
export type ChannelStatus = ChannelView["status"];
export type PublicationState = PublicationView["state"];
export type PostState = PostView["state"];
export type GenerationState = GenerationView["state"];
export type UsageEntryState = UsageEntryView["state"];

/** A generation and its image, once there is one; null too where the image has been removed since. */
export interface GenerationStory {
  generation: GenerationView;
  image: ImageView | null;
}

/** Some entries of the ledger added up. */
export type UsageSums = Pick<
  UsageView,
  | "images"
  | "charged_usd"
  | "reserved_usd"
  | "provider_cost_usd"
  | "unknown_count"
  | "practice_charged_usd"
  | "practice_cost_usd"
>;
